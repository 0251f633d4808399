#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Podman: what is asked for seldom, and reaches the runtime all the same.

load podman

# ---- changes of a running container --------------------------------------------------------------

# bats test_tags=smoke
@test "update: memory, processors and processes of a running one" {
	run_sleeper --memory 128m --memory-swap 128m
	local pid
	pid=$(pid_of)
	podman update --memory 64m --memory-swap 64m --cpus 0.25 --pids-limit 20 "$C" >/dev/null
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(limit "$pid" pids pids.max pids.max)" 20
	[[ $(limit "$pid" cpu cpu.cfs_quota_us cpu.max) == 25000* ]]
	podman update --cpu-shares 512 "$C" >/dev/null
	assert_eq "$(limit "$pid" cpu cpu.shares cpu.weight)" "$([[ $(controller_version cpu) == 1 ]] && echo 512 || echo 59)"
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	# What was changed holds after the next start too.
	podman restart --time 0 "$C" >/dev/null
	assert_eq "$(limit "$(pid_of)" pids pids.max pids.max)" 20
}

@test "update: a value that the kernel refuses" {
	run_sleeper
	try podman update --cpuset-cpus 4000 "$C"
	[[ $status -ne 0 && $stderr == *cpuset* ]] || report "message"
	assert_eq "$(status_of)" running
}

@test "rename, wait --condition, init, restart --all, pause --all, stop --all" {
	podman create --name "$C" debian sh -c 'trap "exit 3" TERM; while :; do sleep 1000 & wait $!; done' >/dev/null
	podman init "$C" >/dev/null
	assert_eq "$(status_of)" initialized
	podman start "$C" >/dev/null
	podman rename "$C" "$C-2"
	C=$C-2
	try podman wait --condition running "$C"
	assert_ok
	local pid
	pid=$(pid_of)
	podman restart --all --time 5 >/dev/null
	[[ $(pid_of) != "$pid" ]]
	podman pause --all >/dev/null
	assert_eq "$(status_of)" paused
	podman unpause --all >/dev/null
	wait_until catches_term "$(pid_of)"
	podman stop --all >/dev/null
	assert_exited 3
}

@test "run --restart always, and --timeout" {
	run_sleeper --restart always
	local pid
	pid=$(pid_of)
	kill -KILL "$pid"
	again() { [[ $(status_of) == running && $(pid_of) != "$pid" ]]; }
	wait_until again
	podman rm --force --time 0 "$C" >/dev/null
	try podman run --rm --timeout 1 debian sleep 1000
	# conmon's own code for it.
	assert_status 255
}

@test "top: what it says about processes" {
	run_sleeper --user 1000 --cap-drop all
	try podman top "$C" pid hpid user seccomp capeff args
	[[ $(sed -n 2p <<<"$output") == "1 "*"$(pid_of) "*1000*filter*none*sh* ]] || report "top"
}

@test "healthcheck: --health-on-failure kill" {
	run_sleeper --health-cmd false --health-interval disable --health-retries 1 --health-on-failure kill
	podman healthcheck run "$C" >/dev/null 2>&1 || true
	assert_exited 137
}

@test "exec: --preserve-fds, and --tty without anybody at it" {
	echo three >three
	podman run --detach --name "$C" debian sleep 1000 >/dev/null
	three() { podman_with_descriptors "$@" 3<three 4>&-; }
	try three exec --preserve-fds 1 "$C" sh -c 'cat <&3; ls /proc/self/fd'
	assert_output $'three\n0\n1\n2\n3\n4'
	try podman exec --tty "$C" sh -c 'tty; echo x'
	assert_ok
	assert_has /dev/pts/0
}

# ---- namespaces ------------------------------------------------------------------------------------

@test "user namespace: --userns auto, container:, host" {
	[[ -e /lab ]] || skip "this would change /etc/subuid"
	echo 'containers:400000:200000' | tee -a /etc/subuid >>/etc/subgid
	cleanup_later "sed -i /^containers:400000:/d /etc/subuid /etc/subgid"
	run_sleeper --userns auto --memory 64m
	local pid map
	pid=$(pid_of)
	map=$(awk '{ print $1, ($2 >= 400000) }' "/proc/$pid/uid_map")
	assert_eq "$map" '0 1'
	try podman exec "$C" sh -c 'id -u; touch /root/x && stat -c %u /root/x'
	assert_output $'0\n0'
	podman run --detach --name "$C-2" --userns "container:$C" debian sleep 1000 >/dev/null
	same_namespace user "$pid" "$(pid_of "$C-2")"
	podman run --detach --name "$C-3" --userns auto:size=5000 debian sleep 1000 >/dev/null
	[[ $(awk '{ print $2 }' "/proc/$(pid_of "$C-3")/uid_map") != $(awk '{ print $2 }' "/proc/$pid/uid_map") ]]
	podman run --detach --name "$C-4" --userns host debian sleep 1000 >/dev/null
	same_namespace user $$ "$(pid_of "$C-4")"
}

@test "namespaces: --pid, --ipc, --uts and --cgroupns of the host and of another" {
	run_sleeper --pid host --ipc host --uts host --cgroupns host
	local type first
	for type in pid ipc uts cgroup; do
		same_namespace $type "$(pid_of)" $$ || fail "$type is not the host's"
	done
	podman rm --force --time 0 "$C" >/dev/null
	run_sleeper --ipc shareable
	first=$(pid_of)
	podman run --detach --name "$C-2" --pid "container:$C" --ipc "container:$C" --uts "container:$C" debian sleep 4249 >/dev/null
	for type in pid ipc uts; do
		same_namespace $type "$(pid_of "$C-2")" "$first" || fail "$type is not the other's"
	done
	podman stop --time 0 "$C-2" >/dev/null
	assert_eq "$(status_of)" running
	run_script --ipc none 'test -e /dev/shm && echo there'
	assert_output ''
}

@test "namespaces: --cgroups no-conmon" {
	run_script --cgroups no-conmon 'echo x'
	assert_output x
}

# ---- what the container is given --------------------------------------------------------------------

@test "secrets: as a file with owner and mode, and as a variable" {
	printf 'word' | podman secret create "$C" - >/dev/null
	cleanup_later 'podman secret rm "$C" >/dev/null'
	run_script --secret "$C" --secret "$C,target=/run/other,uid=1000,mode=400" --secret "$C,type=env,target=WORD" \
		'cat /run/secrets/*; stat -c " %u %a" /run/other; echo $WORD'
	assert_output $'word 1000 400\nword'
}

@test "hooks of --hooks-dir run at each stage, with the state" {
	local stage
	mkdir hooks seen
	for stage in prestart createRuntime createContainer poststart poststop; do
		printf '#!/bin/sh\ncat >%s/seen/%s\n' "$PWD" "$stage" >"hook-$stage"
		chmod +x "hook-$stage"
		jq --null-input --arg path "$PWD/hook-$stage" --arg stage "$stage" \
			'{version: "1.0.0", hook: {path: $path}, when: {always: true}, stages: [$stage]}' >"hooks/$stage.json"
	done
	try podman --hooks-dir "$PWD/hooks" run --rm --name "$C" debian echo x
	assert_ok
	for stage in prestart createRuntime createContainer poststart poststop; do
		wait_until test -s "seen/$stage"
		jq -e '.ociVersion and .id and .bundle' "seen/$stage" >/dev/null || fail "$stage: $(cat "seen/$stage")"
	done
	printf '#!/bin/sh\necho no way >&2\nexit 3\n' >hook-createRuntime
	try podman --hooks-dir "$PWD/hooks" run --rm --name "$C" debian echo x
	[[ $status -ne 0 && $stderr == *createRuntime* ]] || report "message"
}

@test "devices: --device-cgroup-rule, and --device with rights" {
	run_script --cap-add mknod --device-cgroup-rule 'c 1:3 rw' --device /dev/null:/dev/other:r \
		'stat -c %t:%T /dev/other; cat /dev/other && echo read'
	assert_output $'1:3\nread'
}

@test "limits: --cpuset-mems, --memory-swappiness, --oom-score-adj in a user namespace" {
	run_sleeper --cpuset-mems 0
	assert_eq "$(limit "$(pid_of)" cpuset cpuset.mems cpuset.mems)" 0
	podman rm --force --time 0 "$C" >/dev/null
	if [[ $(controller_version memory) == 1 ]]; then
		run_sleeper --memory-swappiness 7
		assert_eq "$(limit "$(pid_of)" memory memory.swappiness -)" 7
	fi
	run_script --uidmap 0:300000:65536 --gidmap 0:300000:65536 --oom-score-adj 300 'cat /proc/self/oom_score_adj'
	assert_output 300
}

@test "limits: --cgroup-conf, files of cgroup v2 by name" {
	[[ $CGROUP_MODE == v2 ]] || {
		try podman run --rm --cgroup-conf memory.high=33554432 debian true
		[[ $status -eq 125 && $stderr == *"without cgroup v2"* ]] || report "message"
		return
	}
	run_sleeper --cgroup-conf memory.high=33554432
	assert_eq "$(limit "$(pid_of)" memory - memory.high)" 33554432
}

@test "process: --personality, --umask, --ulimit host" {
	run_script --personality LINUX32 'uname -m'
	assert_output i686
	run_script --umask 0077 'umask'
	assert_output 0077
	run_script --ulimit host 'ulimit -Hn'
	assert_output "$(ulimit -Hn)"
}

@test "security: unconfined and disabled, where there is nothing to confine by" {
	run_script --security-opt label=disable --security-opt apparmor=unconfined --security-opt seccomp=unconfined \
		'grep ^Seccomp: /proc/self/status'
	assert_output $'Seccomp:\t0'
	run_script --security-opt unmask=ALL 'head -c 4 /proc/timer_list | wc -c; test -w /proc/sys/kernel/domainname && echo writable'
	assert_line 4
}

@test "mounts: --volumes-from, a root file system with an overlay, --read-only-tmpfs=false" {
	mkdir data
	run_sleeper --volume "$PWD/data:/data"
	run_script --volumes-from "$C:ro" 'touch /data/x 2>/dev/null || echo refused'
	assert_output refused
	mkdir -p root/{bin,dev,proc,sys,etc,tmp}
	cp "$(command -v busybox)" root/bin/sh
	try podman run --rm --rootfs "$PWD/root:O" sh -c 'echo x >/made; echo "in $PWD"'
	assert_output 'in /'
	[[ ! -e root/made ]]
	run_script --read-only --read-only-tmpfs=false 'touch /tmp/x 2>/dev/null || echo refused'
	assert_output refused
}

@test "systemd mode: what an init of that kind needs" {
	podman run --detach --name "$C" --systemd always debian bash -c \
		'trap "exit 4" RTMIN+3; echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	try podman exec "$C" sh -c 'stat -f -c %T /run /run/lock /tmp; tr "\\0" "\n" </proc/1/environ | grep -c ^container_uuid=
		test -w /sys/fs/cgroup/systemd || mkdir /sys/fs/cgroup/inner && echo writable'
	assert_line tmpfs 1 writable
	podman stop "$C" >/dev/null
	assert_exited 4
}

@test "the Docker command line on Podman's service" {
	# It ends when it has been idle for a moment.
	podman system service --time 2 "unix://$PWD/socket" >service.log 2>&1 3>&- 4>&- &
	wait_until test -S socket
	client() { timeout 60 docker --host "unix://$PWD/socket" "$@" 3>&- 4>&-; }
	try client run --rm --network none --cgroup-parent "/$ENGINES_GROUP" debian sh -c 'echo hello; exit 7'
	assert_status 7
	assert_output hello
	client run --detach --name "$C" --network none --cgroup-parent "/$ENGINES_GROUP" debian sleep 1000 >/dev/null
	try client exec "$C" sh -c 'echo inside; exit 5'
	assert_status 5
	assert_output inside
	# The service keeps the monitors of an exec for five minutes.
	cleanup_later "pkill -KILL -f 'conmon .*-c $(inspect .Id) '"
	client rm --force "$C" >/dev/null
}
