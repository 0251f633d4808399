#!/usr/bin/env bats
# shellcheck disable=SC2034,SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Buildah runs the steps of a build in containers of hull's.

load podman
load terminal

ENGINE_FUNCTIONS=

# Buildah by itself asks for 1048576 files and processes, which takes CAP_SYS_RESOURCE: not everywhere.
buildah_configure() {
	store_configure | sed '/^\[containers\]/a default_ulimits = ["nofile=1000:1000", "nproc=1000:1000"]'
}

# The store is Podman's, so that "debian" is there.
buildah() {
	CONTAINERS_CONF_OVERRIDE=$STORE/buildah.conf BUILDAH_ISOLATION=oci BUILDAH_RUNTIME=$HULL \
		timeout --foreground -s KILL "${ENGINE_TIMEOUT:-60}" buildah --root "$STORE/root" \
		--runroot "$STORE/runroot" --storage-driver overlay "$@" 3>&- 4>&-
}

# build [OPTION...]: the Containerfile here, as image $C. What Buildah calls the parent of the group
# is the group itself.
build() {
	buildah build --pull=never --runtime "$HULL" --cgroup-parent "/$ENGINES_GROUP/$C" --network none --tag "$C" "$@" .
}

setup_file() { buildah_configure >"$STORE/buildah.conf"; }

engine_teardown() {
	buildah rm --all >/dev/null
	buildah rmi --force "localhost/$C" >/dev/null 2>&1 || true
}

# bats test_tags=smoke
@test "buildah build: several steps, each in a container of its own" {
	echo copied >file
	cat >Containerfile <<-'EOT'
		FROM localhost/debian
		ARG WHO=nobody
		COPY file /file
		RUN echo one >/one && test $(id -u) = 0 && test -d /proc/1
		RUN ["sh", "-c", "cat /one /file > /two"]
		RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch echo x >/cache/x && touch /scratch/x
		USER nobody
		WORKDIR /tmp
		ENV KEPT=kept
		RUN id -un >/tmp/three; echo $WHO $KEPT >>/tmp/three; pwd >>/tmp/three
		CMD cat /two /tmp/three
	EOT
	try build --build-arg WHO=me
	assert_ok
	try podman run --rm "$C"
	assert_output $'one\ncopied\nnobody\nme kept\n/tmp'
}

# bats test_tags=smoke
@test "buildah build: a step that fails, one that is not there, one that is killed" {
	printf 'FROM localhost/debian\nRUN echo seen; exit 42\nRUN echo never\n' >Containerfile
	try build
	assert_status 42
	[[ $output == *seen* && $output != *"RUN echo never"* && $stderr == *"exit status 42"* ]] || report "message"
	printf 'FROM localhost/debian\nRUN ["nonexistent"]\n' >Containerfile
	try build
	[[ $status -ne 0 && $stderr$output == *nonexistent*"executable file not found"* ]] || report "message"
	printf 'FROM localhost/debian\nRUN bash -c "kill -KILL \\$BASHPID"\n' >Containerfile
	try build
	assert_status 137
}

@test "buildah build: limits and security of a step" {
	cat >Containerfile <<-'EOT'
		FROM localhost/debian
		RUN grep -E '^(CapEff|Seccomp):' /proc/self/status; ulimit -n; cat /proc/self/oom_score_adj; touch /proc/sys/kernel/domainname || echo refused; ls /sys/class/net
	EOT
	try build --ulimit nofile=100:200 --cap-drop all --memory 64m
	assert_ok
	assert_line $'CapEff:\t0000000000000000' $'Seccomp:\t2' 100 refused lo
}

@test "buildah run: output, code, user, volume, environment" {
	local from
	from=$(buildah from --pull-never localhost/debian)
	try buildah run "$from" sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output out
	[[ $stderr == err* ]] || report "standard error"
	mkdir data
	try buildah run --user 1000:100 --volume "$PWD/data:/data:ro" --env A=b --workingdir /usr --hostname box "$from" \
		sh -c 'echo "$(id -u):$(id -g) $A $PWD $(cat /proc/sys/kernel/hostname)"; touch /data/x 2>/dev/null || echo refused'
	assert_output $'1000:100 b /usr box\nrefused'
	try buildah run "$from" nonexistent
	[[ $status -ne 0 && $stderr == *nonexistent* ]] || report "message"
	try buildah run "$from" sh -c 'kill -KILL $$; sleep 0; (kill -KILL $$); exit 9'
	[[ $status -ne 0 ]] || report "code"
	seq 1 20000 >input
	INPUT=input try buildah run "$from" cat
	assert_eq "$(cksum <<<"$output")" "$(cksum <input)"
}

@test "buildah run --terminal" {
	local from
	from=$(buildah from --pull-never localhost/debian)
	on_terminal buildah "start run --terminal $from"' bash --norc
		expected "#"
		send "test -t 0 && tty; stty size\r"
		expected "/dev/pts/0"
		expected "33 77"
		send "exit 9\r"
		finish'
	assert_status 9
}

@test "buildah build: in a user namespace" {
	printf 'FROM localhost/debian\nRUN cat /proc/self/uid_map | tr -s " "; touch /made\n' >Containerfile
	try build --userns-uid-map 0:300000:65536 --userns-gid-map 0:300000:65536
	assert_ok
	assert_line ' 0 300000 65536'
}
