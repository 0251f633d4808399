# shellcheck shell=bash
# shellcheck disable=SC2119,SC2120 # arguments that only some give
# Docker with hull as its default runtime: a daemon of its own (its containerd too) for each file,
# with its data below $STORE, and after each test the proof that nothing of its containers is left.
#
# Each test has a name for its container ($C); the image is "debian".

ENGINES=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR source=../bats/setup.bash
. "$ENGINES/../bats/setup.bash"
# shellcheck source-path=SCRIPTDIR source=documented.bash
. "$ENGINES/documented.bash"

DOCKER=$STORE/docker
# Where the daemon has its containers' groups, below the run's own.
DOCKER_GROUP=$ENGINES_GROUP/docker
export DOCKER DOCKER_GROUP

docker() {
	timeout --foreground -s KILL "${ENGINE_TIMEOUT:-60}" docker --host "unix://$DOCKER/socket" \
		--config "$DOCKER/client" "$@" 3>&- 4>&-
}

# daemon_configure [JQ EXPRESSION]: daemon.json of docs/engines.md, kept apart from the machine's.
daemon_configure() {
	documented daemon.json | jq --arg hull "$HULL" --arg at "$DOCKER" --arg group "/$DOCKER_GROUP" '. * {
		runtimes: {shim: {runtimeType: "io.containerd.runc.v2", options: {BinaryName: $hull}}},
		hosts: ["unix://\($at)/socket"],
		"data-root": "\($at)/data", "exec-root": "\($at)/exec", pidfile: "\($at)/pid",
		"cgroup-parent": $group, "exec-opts": ["native.cgroupdriver=cgroupfs"],
		"storage-driver": "overlay2", bip: "172.31.250.1/24", iptables: false, "ip-masq": false
	}' | jq "${1:-.}" >"$DOCKER/daemon.json"
}

daemon_start() {
	# BuildKit's executor does not ask for the default runtime.
	DOCKER_BUILDKIT_RUNC_COMMAND=$HULL dockerd --config-file "$DOCKER/daemon.json" \
		>>"$DOCKER/log" 2>&1 </dev/null 3>&- 4>&- &
	# The container id of a test would mean nothing to the next daemon.
	disown
	daemon_answers() { docker version >/dev/null 2>&1; }
	wait_until daemon_answers || tail -n 30 "$DOCKER/log" >&2
}

# daemon_stop [SIGNAL]: the daemon's containerd ends with it; containers do with --live-restore only
# when they are told to.
daemon_stop() {
	local pid
	pid=$(<"$DOCKER/pid")
	kill -s "${1:-TERM}" "$pid"
	wait_until is_gone "$pid"
}

setup_file() {
	# It makes a bridge: in a network of its own, or in the lab's machine.
	if [[ $(readlink /proc/self/ns/net) == "$(readlink /proc/1/ns/net)" && ! -e /lab ]]; then
		skip "this would change the machine's network"
	fi
	mkdir -p "$DOCKER/client"
	daemon_configure
	daemon_start
	docker import "$("$ENGINES/../lab/image")" debian >/dev/null
}

teardown_file() {
	[[ ! -e $DOCKER/pid ]] || daemon_stop
	umount "$DOCKER"/exec/netns/* 2>/dev/null || true
	rm -rf "$DOCKER"
	ip link delete docker0 2>/dev/null || true
}

setup() {
	C=c-$BATS_SUITE_TEST_NUMBER
	export C
	cd "$BATS_TEST_TMPDIR" || return
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

# run_script [OPTION...] TEXT: TEXT runs in a container of its own; $status, $output, $stderr.
# On a busy machine Docker loses what is printed just before the end, because it waits for that for two
# seconds only: a moment is left.
run_script() {
	try docker run --rm --network none "${@:1:$#-1}" debian sh -c "$LINGER; ${!#}"
}
LINGER="trap 'sleep 0.2' EXIT"
# exec_script [OPTION...] TEXT: the same in $C.
exec_script() {
	try docker exec "${@:1:$#-1}" "$C" sh -c "$LINGER; ${!#}"
}

# run_sleeper [OPTION...]: $C runs in the background and ends on SIGTERM, with code 0.
run_sleeper() {
	docker run --detach --name "$C" --network none "$@" debian \
		sh -c 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done' >/dev/null || return
	wait_until catches_term "$(pid_of)"
}

# inspect FORMAT [CONTAINER]
inspect() { docker inspect --format "{{$1}}" "${2:-$C}"; }
status_of() { inspect .State.Status "$@"; }
pid_of() { inspect .State.Pid "$@"; }
assert_exited() {
	wait_until has_status exited "$C"
	assert_eq "$(inspect .State.ExitCode)" "$1"
}
in_logs() { docker logs "${2:-$C}" 2>&1 | grep -qF -- "$1"; }
# same_namespace TYPE PID PID
same_namespace() { [[ $(readlink "/proc/$2/ns/$1") == "$(readlink "/proc/$3/ns/$1")" ]]; }

# ---- leaks -----------------------------------------------------------------------------------

docker_leaks() {
	local dir pid
	find "$DOCKER"/exec/runtime-*/moby -mindepth 1 -maxdepth 1 ! -name '@*' -printf 'state: %p\n'
	for dir in /sys/fs/cgroup/"$DOCKER_GROUP" /sys/fs/cgroup/*/"$DOCKER_GROUP"; do
		# BuildKit keeps its own group above those of its steps.
		[[ ! -d $dir ]] || find "$dir" -mindepth 1 -type d ! -name buildkit -printf 'cgroup: %p\n'
	done
	awk -v at="$DOCKER/" 'index($5, at) == 1 && $5 ~ "/merged$" { print "mount: " $5 }' \
		/proc/self/mountinfo
	for pid in $(pgrep -f "containerd-shim.*$DOCKER"); do
		is_gone "$pid" || echo "process: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c-200)"
	done
} 2>/dev/null

assert_nothing_left() {
	local found n
	for ((n = 0; n < 200; n++)); do
		found=$(docker_leaks)
		[[ -n $found ]] || return 0
		nap 0.05
	done
	fail "left behind:" "$found"
}

teardown() {
	local code=0 target ids
	cd /
	ids=$(docker ps --all --quiet)
	# shellcheck disable=SC2086 # a list of ids
	[[ -z $ids ]] || docker rm --force $ids >/dev/null || code=$?
	for target in ${CLEANUPS[@]+"${CLEANUPS[@]}"}; do
		eval "$target" || true
	done
	assert_nothing_left || code=1
	return "$code"
}
