#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Docker: limits, security, file systems, namespaces, builds, and the daemon itself.

load docker

# ---- limits: read from the control groups outside ----------------------------------------------

# bats test_tags=smoke
@test "docker limits: --memory, --cpus and --pids-limit, in the daemon's group" {
	run_sleeper --memory 64m --pids-limit 30 --cpus 0.5
	local pid
	pid=$(pid_of)
	[[ $(cgroup_dir "$pid" memory) == */$DOCKER_GROUP/$(inspect .Id) ]] || fail "in $(cgroup_dir "$pid" memory)"
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(limit "$pid" pids pids.max pids.max)" 30
	assert_cpus "$pid" 50000
}

# assert_cpus PID QUOTA: microseconds in 100,000.
assert_cpus() {
	if [[ $(controller_version cpu) == 1 ]]; then
		assert_eq "$(limit "$1" cpu cpu.cfs_quota_us -)" "$2"
	else
		assert_eq "$(limit "$1" cpu - cpu.max)" "$2 100000"
	fi
}

@test "docker limits: --cpu-shares, --cpuset-cpus, --memory-reservation" {
	need_controller cpuset
	run_sleeper --cpu-shares 512 --cpuset-cpus 0 --memory 64m --memory-reservation 32m
	local pid
	pid=$(pid_of)
	assert_eq "$(limit "$pid" cpu cpu.shares cpu.weight)" "$([[ $(controller_version cpu) == 1 ]] && echo 512 || echo 59)"
	assert_eq "$(limit "$pid" cpuset cpuset.cpus cpuset.cpus)" 0
	assert_eq "$(limit "$pid" memory memory.soft_limit_in_bytes memory.low)" 33554432
}

# bats test_tags=smoke
@test "docker update: memory, processors and processes of a running one" {
	run_sleeper --memory 128m --memory-swap 128m
	local pid
	pid=$(pid_of)
	docker update --memory 64m --memory-swap 64m --cpus 0.25 --pids-limit 20 "$C" >/dev/null
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(limit "$pid" pids pids.max pids.max)" 20
	assert_cpus "$pid" 25000
	docker update --cpu-shares 512 "$C" >/dev/null
	assert_eq "$(limit "$pid" cpu cpu.shares cpu.weight)" "$([[ $(controller_version cpu) == 1 ]] && echo 512 || echo 59)"
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
}

@test "docker limits: more memory than allowed ends the container, and Docker says why" {
	try docker run --name "$C" --network none --memory 32m --memory-swap 32m debian perl -e '$x = "x" x 2e8'
	assert_status 137
	assert_eq "$(inspect .State.OOMKilled)" true
}

@test "docker limits: --ulimit, --oom-score-adj, --shm-size" {
	run_script --ulimit nofile=100:200 --ulimit core=0 --oom-score-adj 500 --shm-size 2m \
		'ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj
		stat -f -c "%b %S" /dev/shm | { read b s; echo $((b * s)); }'
	assert_output $'100\n200\n0\n500\n2097152'
}

@test "docker devices: what is not listed cannot be opened, --device and its rule can" {
	run_script 'mknod /tmp/null c 1 3; mknod /tmp/fuse c 10 229; echo >/tmp/null && echo opened; cat /tmp/fuse'
	assert_output opened
	[[ ${stderr,,} == *"/tmp/fuse: operation not permitted"* ]] || report "message"
	[[ -c /dev/fuse ]] || skip "this machine has no /dev/fuse"
	run_script --device /dev/fuse:/dev/other 'stat -c %t:%T /dev/other; exec 3<>/dev/other && echo opened'
	assert_output $'a:e5\nopened'
	run_script --device-cgroup-rule 'c 10:229 rwm' 'mknod /tmp/fuse c 10 229; exec 3<>/tmp/fuse && echo opened'
	assert_output opened
}

# ---- security ----------------------------------------------------------------------------------

# bats test_tags=smoke
@test "docker security: capabilities, --cap-drop, --cap-add, --privileged" {
	run_script 'grep ^CapEff: /proc/self/status'
	assert_output $'CapEff:\t00000000a80425fb'
	run_script --cap-drop ALL 'grep -E "^Cap(Eff|Bnd):" /proc/self/status'
	assert_output $'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000'
	run_script --cap-drop ALL --cap-add NET_ADMIN 'grep ^CapEff: /proc/self/status'
	assert_output $'CapEff:\t0000000000001000'
	run_script --privileged 'grep ^CapBnd: /proc/self/status; grep ^Seccomp: /proc/self/status
		test -w /proc/sys/kernel/domainname && mount -t tmpfs x /mnt && echo mounted'
	assert_output "$(printf 'CapBnd:\t%s\nSeccomp:\t0\nmounted' "$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)")"
}

@test "docker security: Docker's seccomp profile, none, and one of one's own" {
	run_script 'grep ^Seccomp: /proc/self/status; unshare -U true 2>/dev/null || echo refused'
	assert_output $'Seccomp:\t2\nrefused'
	run_script --security-opt seccomp=unconfined 'grep ^Seccomp: /proc/self/status; unshare -U true && echo allowed'
	assert_output $'Seccomp:\t0\nallowed'
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}' >profile
	run_script --security-opt "seccomp=$PWD/profile" 'mkdir /tmp/x 2>/dev/null || echo refused'
	assert_output refused
}

@test "docker security: no-new-privileges, masked and read-only paths" {
	run_script --security-opt no-new-privileges 'grep ^NoNewPrivs: /proc/self/status'
	assert_output $'NoNewPrivs:\t1'
	run_script 'cat /proc/kcore /proc/timer_list 2>/dev/null | wc -c; ls /sys/firmware /proc/scsi 2>/dev/null | grep -vc :
		echo 1 >/proc/sys/vm/drop_caches'
	[[ $output == $'0\n'* && ${stderr,,} == *"read-only file system"* ]] || report "readable or writable"
	run_script --security-opt systempaths=unconfined 'head -c 10 /proc/timer_list | wc -c'
	assert_output 10
}

@test "docker security: a daemon with userns-remap" {
	[[ -e /lab ]] || skip "this would change /etc/subuid"
	echo 'dockremap:300000:65536' | tee -a /etc/subuid >>/etc/subgid
	id dockremap >/dev/null 2>&1 || useradd --system dockremap
	daemon_stop
	cleanup_later 'daemon_stop; daemon_configure; daemon_start'
	daemon_configure '.["userns-remap"] = "default"'
	daemon_start
	docker import "$("$ENGINES/../lab/image")" debian >/dev/null
	run_sleeper --memory 64m
	exec_script 'id -u; cat /proc/self/uid_map | tr -s " "; touch /tmp/x && echo written'
	assert_output $'0\n 0 300000 65536\nwritten'
	assert_eq "$(stat -c %u "/proc/$(pid_of)")" 300000
	on_a_terminal() { timeout 60 docker --host "unix://$DOCKER/socket" exec -t "$C" sh -c 'stat -c %u /dev/pts/0; sleep 0.2'; }
	try on_a_terminal
	[[ $output == 0* ]] || report "the terminal's owner"
}

# ---- file systems ------------------------------------------------------------------------------

@test "docker mounts: --read-only, --tmpfs, volumes" {
	mkdir volume
	echo kept >volume/file
	run_script --read-only --tmpfs /scratch:size=1m,mode=700 --volume "$PWD/volume:/rw" --volume "$PWD/volume:/ro:ro" '
		touch /x 2>/dev/null || echo read-only
		touch /scratch/x && stat -c %a /scratch
		cat /ro/file; echo more >/rw/new; touch /ro/x 2>/dev/null || echo refused'
	assert_output $'read-only\n700\nkept\nrefused'
	assert_eq "$(<volume/new)" more
	docker volume create "$C" >/dev/null
	cleanup_later 'docker volume rm "$C" >/dev/null'
	run_script --volume "$C:/etc/apt" 'touch /etc/apt/sources.list && echo mine >/etc/apt/mine'
	run_script --mount "type=volume,source=$C,destination=/v,readonly" 'cat /v/mine; test -e /v/sources.list && echo copied'
	assert_output $'mine\ncopied'
}

@test "docker mounts: --mount bind with propagation, tmpfs, a source that is not there" {
	mkdir shared
	host_mount -t tmpfs shared shared
	mount --make-shared shared
	docker run --detach --name "$C" --network none --mount "type=bind,source=$PWD/shared,destination=/s,bind-propagation=rslave" \
		--mount type=tmpfs,destination=/t,tmpfs-size=1m debian sleep 1000 >/dev/null
	mkdir shared/below
	host_mount -t tmpfs below shared/below
	touch shared/below/seen
	exec_script 'ls /s/below; stat -f -c %T /t'
	assert_output $'seen\ntmpfs'
	try docker run --rm --mount type=bind,source=/no/such,destination=/s debian true
	[[ $status -eq 125 && $stderr == */no/such* ]] || report "message"
	docker rm --force "$C" >/dev/null
	umount -R shared
}

# ---- namespaces and networks -------------------------------------------------------------------

# bats test_tags=smoke
@test "docker network: none, the bridge, the host's, another container's" {
	run_script 'ls /sys/class/net; cat /sys/class/net/lo/flags'
	assert_output $'lo\n0x9'
	docker run --detach --name "$C" debian busybox nc -ll -p 4000 -e echo answer >/dev/null
	local ip
	ip=$(inspect '.NetworkSettings.IPAddress')
	[[ $ip == 172.31.250.* ]]
	answered() { [[ $(socat -T 2 - "TCP:$ip:4000" </dev/null 2>/dev/null) == answer ]]; }
	wait_until answered
	try docker run --rm --network "container:$C" debian sh -c 'busybox ip -4 -o address show eth0; sleep 0.2'
	assert_has "$ip/"
	try docker run --rm --network host debian sh -c 'ls /sys/class/net; sleep 0.2'
	assert_has docker0
}

@test "docker network: a published port, and a network of one's own with names" {
	docker network create "$C" >/dev/null
	cleanup_later 'docker network rm "$C" >/dev/null'
	docker run --detach --name "$C" --network "$C" --network-alias answerer --publish 127.0.0.1:4100:4000 debian \
		busybox nc -ll -p 4000 -e echo answer >/dev/null
	answered() { [[ $(socat -T 2 - TCP:127.0.0.1:4100 </dev/null 2>/dev/null) == answer ]]; }
	wait_until answered
	try docker run --rm --network "$C" debian sh -c 'getent hosts answerer; sleep 0.2'
	assert_has "$(inspect '(index .NetworkSettings.Networks "'"$C"'").IPAddress')"
}

@test "docker namespaces: the host's and another container's, each by its option" {
	run_sleeper --pid host --ipc host --uts host --cgroupns host
	local type
	for type in pid ipc uts cgroup; do
		same_namespace $type "$(pid_of)" $$ || fail "$type is not the host's"
	done
	! same_namespace mnt "$(pid_of)" $$ || fail "mnt is the host's"
	docker rm --force --volumes "$C" >/dev/null
	run_sleeper --ipc shareable --cgroupns private
	local first
	first=$(pid_of)
	docker run --detach --name "$C-2" --network none --pid "container:$C" --ipc "container:$C" debian sleep 1000 >/dev/null
	same_namespace pid "$first" "$(pid_of "$C-2")" && same_namespace ipc "$first" "$(pid_of "$C-2")"
	exec_script 'cat /proc/1/cgroup'
	[[ $(cut -d: -f3 <<<"$output" | sort -u) == / ]] || report "not the root of its control groups"
	# It lives in the other's namespace, not in one of its own: all of it has to be killed.
	docker kill "$C-2" >/dev/null
	assert_eq "$(status_of)" running
}

@test "docker namespaces: --sysctl, --add-host" {
	run_script --sysctl net.ipv4.ip_unprivileged_port_start=80 --sysctl kernel.shmmax=4096 --add-host a.b:1.2.3.4 \
		'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmax; grep -c a.b /etc/hosts'
	assert_output $'80\n4096\n1'
}

# ---- builds ------------------------------------------------------------------------------------

# context: a build of several steps, whose last one has the words of the others.
context() {
	mkdir context
	echo copied >context/file
	cat >context/Dockerfile <<-'EOT'
		FROM debian
		ARG WHO=nobody
		COPY file /file
		RUN echo one >/one && test $(id -u) = 0
		RUN ["sh", "-c", "cat /one /file > /two"]
		USER nobody
		WORKDIR /tmp
		RUN id -un >/tmp/three; echo $WHO >>/tmp/three; pwd >>/tmp/three
		CMD cat /two /tmp/three; sleep 0.2
	EOT
}

# bats test_tags=smoke
@test "docker build: the classic builder" {
	context
	cleanup_later 'docker rmi --force "built-$C" >/dev/null'
	DOCKER_BUILDKIT=0 try docker build --quiet --build-arg WHO=me --tag "built-$C" context
	assert_ok
	try docker run --rm "built-$C"
	assert_output $'one\ncopied\nnobody\nme\n/tmp'
	printf 'FROM debian\nRUN echo seen; exit 42\n' >context/Dockerfile
	DOCKER_BUILDKIT=0 try docker build --force-rm context
	[[ $status -ne 0 && $stderr$output == *"non-zero code: 42"* ]] || report "message"
	printf 'FROM debian\nRUN ["nonexistent"]\n' >context/Dockerfile
	DOCKER_BUILDKIT=0 try docker build --force-rm context
	[[ $status -ne 0 && $stderr$output == *nonexistent* ]] || report "message"
}

@test "docker build: BuildKit with hull as its runtime" {
	context
	cleanup_later 'docker rmi --force "built-$C" >/dev/null; docker builder prune --all --force >/dev/null'
	printf 'RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch echo x >/cache/x && touch /scratch/x\n' >>context/Dockerfile
	sed -i 's/^USER.*/&\nRUN --network=none cat \/sys\/class\/net\/lo\/flags >\/tmp\/flags/' context/Dockerfile
	sed -i 's/^CMD.*//; $a USER nobody\nCMD cat /two /tmp/three; sleep 0.2' context/Dockerfile
	sed -i 's/^RUN --mount/USER root\n&/' context/Dockerfile
	DOCKER_BUILDKIT=1 try docker build --quiet --build-arg WHO=me --tag "built-$C" context
	assert_ok
	try docker run --rm "built-$C"
	assert_output $'one\ncopied\nnobody\nme\n/tmp'
	printf 'FROM debian\nRUN echo seen; exit 42\n' >context/Dockerfile
	DOCKER_BUILDKIT=1 try docker build --progress plain context
	[[ $status -ne 0 && $stderr == *"exit code: 42"* ]] || report "message"
	printf 'FROM debian\nRUN ["nonexistent"]\n' >context/Dockerfile
	DOCKER_BUILDKIT=1 try docker build --progress plain context
	[[ $status -ne 0 && $stderr == *nonexistent* ]] || report "message"
}

# ---- the daemon --------------------------------------------------------------------------------

# bats test_tags=smoke
@test "docker info: names the runtime, its version and its features" {
	try docker info --format '{{.DefaultRuntime}} {{json .Runtimes}}'
	[[ $output == "hull "* ]] || report "another default"
	jq -e --arg path "$HULL" '.hull | .path == $path and (.status["org.opencontainers.runtime-spec.features"]
		| fromjson | .ociVersionMin == "1.0.0" and (.linux.namespaces | index("user")))' <<<"${output#hull }" >/dev/null ||
		report "no features"
	try docker version --format '{{range .Server.Components}}{{.Name}} {{.Version}} {{.Details.GitCommit}}{{"\n"}}{{end}}'
	assert_line "hull $("$HULL" --version | sed -n '1s/.* //p; 2s/.*: //p' | xargs)"
}

@test "docker daemon: one runtime of several, by path or by shim options; changed by SIGHUP" {
	local name state
	for name in hull shim; do
		run_sleeper --runtime $name
		assert_eq "$(inspect .HostConfig.Runtime)" $name
		# Only hull knows a container of hull's.
		state=$(find "$DOCKER/exec" /run/containerd -path "*/$(inspect .Id)/state.json")
		assert_eq "$("$HULL" --root "${state%/*/*}" state "$(inspect .Id)" | jq .pid)" "$(pid_of)"
		docker rm --force "$C" >/dev/null
	done
	daemon_configure '.["default-runtime"] = "runc"'
	cleanup_later 'daemon_configure; kill -HUP "$(<"$DOCKER/pid")"; wait_until default_is hull'
	default_is() { [[ $(docker info --format '{{.DefaultRuntime}}') == "$1" ]]; }
	kill -HUP "$(<"$DOCKER/pid")"
	wait_until default_is runc
	run_sleeper --runtime hull
	assert_eq "$(inspect .HostConfig.Runtime)" hull
}

@test "docker daemon: containers outlive it with live-restore, stopped or killed" {
	daemon_configure '.["live-restore"] = true'
	cleanup_later 'daemon_stop; daemon_configure; daemon_start'
	daemon_stop
	daemon_start
	local pid signal
	run_sleeper --restart no
	pid=$(pid_of)
	for signal in TERM KILL; do
		daemon_stop $signal
		! is_gone "$pid"
		daemon_start
		assert_eq "$(status_of) $(pid_of)" "running $pid"
		exec_script 'echo alive'
		assert_output alive
	done
	docker pause "$C" >/dev/null
	docker unpause "$C" >/dev/null
	docker stop "$C" >/dev/null
	assert_exited 0
}

@test "docker daemon: without live-restore it stops its containers, and starts those with a policy again" {
	local before
	run_sleeper --restart always
	before=$(pid_of)
	daemon_stop
	is_gone "$before"
	daemon_start
	running() { [[ $(status_of) == running ]]; }
	wait_until running
	[[ $(pid_of) != "$before" ]]
}
