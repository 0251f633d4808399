#!/usr/bin/env bats
# shellcheck disable=SC2034,SC2153,SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# containerd's own client, and its shim for runc with hull in runc's place.

load containerd
load terminal

# bats test_tags=smoke
@test "ctr run: a Debian container prints to both streams and leaves nothing" {
	run_script '. /etc/os-release; echo "$ID $VERSION_ID"; echo err >&2'
	assert_ok
	assert_output "debian 13"
	assert_eq "$stderr" err
	assert_nothing_left
}

@test "ctr run: the exit code is the container's" {
	local code
	for code in 0 7 125 255; do
		run_script "exit $code"
		assert_status "$code"
	done
	run_script --with-ns pid:/proc/1/ns/pid 'kill -SEGV $$'
	assert_status 139
}

@test "ctr run: why it cannot, in the runtime's words" {
	local program words
	while IFS=: read -r program words; do
		try ctr_run --rm -- "$program"
		assert_status 1
		[[ $stderr == *"OCI runtime create failed: "*"$program"*"$words"* ]] || report "message"
	done <<-'EOT'
		nonexistent:executable file not found in $PATH
		/no/such/program:no such file or directory
		/etc/passwd:permission denied
		/etc:is a directory
	EOT
	assert_nothing_left
}

# bats test_tags=smoke
@test "ctr run --tty, of the user's size; ^C; its exit code" {
	local first="start run --rm --tty --runc-binary $HULL --cgroup /$CONTAINERD_GROUP/$C $IMAGE $C"
	on_terminal ctr "$first"' bash --norc
		prompt
		# ctr sets the size when the program already runs.
		send "tty; until stty size | grep 33; do sleep 0.1; done\r"
		expected "/dev/pts/0"
		expected "33 77"
		interrupted
		send "exit 9\r"
		finish'
	assert_status 9
}

# bats test_tags=smoke
@test "ctr task exec: streams, codes, user, folder, terminal" {
	run_sleeper
	try ctr task exec --exec-id 1 "$C" sh -c 'echo out; echo err >&2; exit 5'
	assert_status 5
	assert_output out
	assert_eq "$stderr" err
	try ctr task exec --exec-id 2 --user 1000:100 --cwd /usr "$C" sh -c 'echo "$(id -u):$(id -g) $PWD"'
	assert_output '1000:100 /usr'
	try ctr task exec --exec-id 3 "$C" nonexistent
	assert_status 1
	[[ $stderr == *"exec failed"*"executable file not found"* ]] || report "message"
	on_terminal ctr "start task exec --tty --exec-id 4 $C"' sh -c {tty; until stty size | grep 33; do sleep 0.1; done; exit 6}
		finish'
	assert_status 6
	assert_line '33 77'
	try ctr task exec --exec-id 5 "$C" sh -c 'kill -KILL $$'
	assert_status 137
}

@test "ctr task: ps, metrics, pause, resume, kill, delete" {
	run_sleeper --memory-limit 67108864
	ctr task exec --detach --exec-id 1 "$C" sleep 4246
	try ctr task ps "$C"
	assert_has "$(pid_of)" "$(pgrep -f '^sleep 4246$')"
	try ctr task metrics "$C"
	grep -qE '^(memory.limit_in_bytes|memory.usage_limit) +67108864' <<<"$output" || report "metrics"
	ctr task pause "$C"
	assert_eq "$(status_of)" paused
	try ctr task exec --exec-id 2 "$C" true
	[[ $status -ne 0 ]] || report "exec in a paused container"
	ctr task resume "$C"
	assert_eq "$(status_of)" running
	ctr task kill --signal TERM "$C"
	wait_until has_status stopped "$C"
	# It is not there any more, and containerd says so by the runtime's words.
	try ctr task kill "$C"
	[[ $status -ne 0 && $stderr == *"not found"* ]] || report "message"
	ctr task delete "$C"
	ctr container delete "$C"
	assert_nothing_left
}

@test "ctr task kill --all: every process of a container without a PID namespace" {
	run_sleeper --with-ns pid:/proc/1/ns/pid
	local child
	ctr task exec --detach --exec-id 1 "$C" sleep 4247
	child=$(pgrep -f '^sleep 4247$')
	ctr task kill --all --signal KILL "$C"
	wait_until is_gone "$child"
	wait_until has_status stopped "$C"
}

# bats test_tags=smoke
@test "ctr run: limits, in the control groups outside" {
	run_sleeper --memory-limit 67108864 --cpus 0.5
	assert_eq "$(limit "$(pid_of)" memory memory.limit_in_bytes memory.max)" 67108864
	if [[ $(controller_version cpu) == 1 ]]; then
		assert_eq "$(limit "$(pid_of)" cpu cpu.cfs_quota_us -)" 50000
	else
		assert_eq "$(limit "$(pid_of)" cpu - cpu.max)" '50000 100000'
	fi
}

@test "ctr run: user, capabilities, --privileged, --read-only, mounts, seccomp" {
	run_script --user 1000:100 --cap-drop CAP_CHOWN 'id -u; id -g; grep ^CapBnd: /proc/self/status'
	assert_output $'1000\n100\nCapBnd:\t00000000a80425fa'
	run_script --privileged 'grep ^Seccomp: /proc/self/status; mount -t tmpfs x /mnt && echo mounted'
	assert_output $'Seccomp:\t0\nmounted'
	mkdir data
	echo kept >data/file
	run_script --read-only --mount "type=bind,src=$PWD/data,dst=/data,options=rbind:ro" \
		'touch /x 2>/dev/null || echo read-only; cat /data/file; touch /data/x 2>/dev/null || echo refused'
	assert_output $'read-only\nkept\nrefused'
	run_script --seccomp 'grep ^Seccomp: /proc/self/status'
	assert_output $'Seccomp:\t2'
	run_script --net-host 'ls /sys/class/net | grep -c lo'
	assert_output 1
	run_script --no-pivot --env A=b --hostname box 'echo $A; cat /proc/sys/kernel/hostname'
	assert_output $'b\nbox'
}

@test "ctr run: eight at once" {
	local n pids=() failed=0
	for n in {0..7}; do
		ctr run --rm --runc-binary "$HULL" --cgroup "/$CONTAINERD_GROUP/$C-$n" "$IMAGE" "$C-$n" \
			sh -c "echo number $n; exit $n" >"out$n" 2>"err$n" </dev/null &
		pids+=($!)
	done
	for n in {0..7}; do
		local code=0
		wait "${pids[n]}" || code=$?
		[[ $code == "$n" && $(<"out$n") == "number $n" ]] || {
			failed=1
			echo "container $n: exit code $code: $(cat "out$n" "err$n")"
		}
	done
	assert_eq "$failed" 0
}

@test "containerd: containers outlive it, stopped or killed" {
	local pid signal
	run_sleeper
	pid=$(pid_of)
	for signal in TERM KILL; do
		containerd_stop $signal
		containerd_start
		assert_eq "$(status_of) $(pid_of)" "running $pid"
		try ctr task exec --exec-id "$signal" "$C" echo alive
		assert_output alive
	done
}

@test "containerd: a shim that is killed; what it had is cleaned up" {
	local pid
	run_sleeper
	pid=$(pid_of)
	pkill -KILL -f "containerd-shim.*-id $C "
	wait_until is_gone "$pid"
}

# ---- pods, as the kubelet makes them -----------------------------------------------------------

# bats test_tags=smoke
@test "cri: a pod with a container, its address, its log, its end" {
	pod_run
	local ip
	ip=$(cri PodSandboxStatus "{\"pod_sandbox_id\": \"$POD\"}" | jq -r '.status | select(.runtimeHandler == "hull") | .network.ip')
	[[ $ip == 172.31.251.* ]] || fail "address: $ip"
	container_run . sh -c 'echo hello; exec busybox nc -ll -p 4000 -e echo answer'
	answered() { [[ $(socat -T 2 - "TCP:$ip:4000" </dev/null 2>/dev/null) == answer ]]; }
	wait_until answered
	grep -q 'stdout F hello' c.log
	assert_eq "$(container_member state)" CONTAINER_RUNNING
	cri StopContainer "{\"container_id\": \"$ID\", \"timeout\": 0}" >/dev/null
	container_is state CONTAINER_EXITED
	container_is exitCode 137
}

@test "cri: exit codes and reasons" {
	pod_run
	local code
	for code in 0 7 255; do
		container_run . sh -c "exit $code"
		wait_until container_is state CONTAINER_EXITED
		assert_eq "$(container_member exitCode) $(container_member reason)" \
			"$code $([[ $code == 0 ]] && echo Completed || echo Error)"
		cri RemoveContainer "{\"container_id\": \"$ID\"}" >/dev/null
	done
	container_create . nonexistent
	try container_start
	[[ $status -ne 0 && $stderr == *"executable file not found"* ]] || report "message"
	assert_eq "$(container_member exitCode) $(container_member reason)" "128 StartError"
	cri RemoveContainer "{\"container_id\": \"$ID\"}" >/dev/null
	container_run '.linux.resources.memory_limit_in_bytes = 33554432' perl -e '$x = "x" x 2e8'
	wait_until container_is state CONTAINER_EXITED
	assert_eq "$(container_member exitCode) $(container_member reason)" "137 OOMKilled"
}

@test "cri: exec, with codes, and a probe whose command is not there" {
	pod_run
	container_run . sleep 1000
	container_exec sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output out
	assert_eq "$stderr" err
	container_exec sh -c 'kill -KILL $$'
	assert_status 137
	container_exec nonexistent
	[[ $status -ne 0 && $stderr == *"exec failed"*"executable file not found"* ]] || report "message"
}

@test "cri: the containers of a pod share network, IPC and hostname; processes when it says so" {
	pod_run '.linux.security_context.namespace_options = {pid: "POD"}'
	local first
	container_run '.metadata.name = "a"' sleep 1000
	first=$(container_pid)
	container_run '.metadata.name = "b" | .linux.security_context.namespace_options = {pid: "POD"}' sleep 4248
	same_namespace net "$first" "$(container_pid)" && same_namespace ipc "$first" "$(container_pid)" &&
		same_namespace uts "$first" "$(container_pid)" && same_namespace pid "$first" "$(container_pid)"
	container_exec sh -c 'cat /proc/sys/kernel/hostname; cat /proc/1/comm'
	assert_output $'pod\nsleep'
}

@test "cri: limits, and a change of them in place" {
	pod_run
	container_run '.linux.resources = {memory_limit_in_bytes: 67108864, cpu_quota: 50000, cpu_period: 100000, cpu_shares: 512}' \
		sleep 1000
	local pid
	pid=$(container_pid)
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	[[ $(cgroup_dir "$pid" memory) == */"$CONTAINERD_GROUP/$ID" ]]
	cri ContainerStats "{\"container_id\": \"$ID\"}" | jq -e '.stats.memory.workingSetBytes.value | tonumber > 0' >/dev/null
	cri UpdateContainerResources "{\"container_id\": \"$ID\", \"linux\": {\"memory_limit_in_bytes\": 134217728, \"cpu_quota\": 25000, \"cpu_period\": 100000}}" >/dev/null
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 134217728
	[[ $(limit "$pid" cpu cpu.cfs_quota_us cpu.max) == 25000* ]]
}

@test "cri: the security context of a container, and of a privileged one" {
	pod_run
	container_run '.linux.security_context = {run_as_user: {value: 1000}, run_as_group: {value: 100}, supplemental_groups: [2000],
			readonly_rootfs: true, no_new_privs: true, capabilities: {drop_capabilities: ["ALL"]},
			masked_paths: ["/proc/kcore"], readonly_paths: ["/proc/sys"], seccomp: {profile_type: "RuntimeDefault"}}' sleep 1000
	container_exec sh -c 'id -u; id -g; id -G; grep -E "^(CapBnd|NoNewPrivs|Seccomp):" /proc/self/status; touch /x 2>/dev/null || echo read-only'
	assert_output $'1000\n100\n100 2000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nread-only'
	cri StopContainer "{\"container_id\": \"$ID\"}" >/dev/null
	cri StopPodSandbox "{\"pod_sandbox_id\": \"$POD\"}" >/dev/null
	cri RemovePodSandbox "{\"pod_sandbox_id\": \"$POD\"}" >/dev/null
	PODS=()
	pod_run '.linux.security_context.privileged = true'
	container_run '.linux.security_context.privileged = true' sleep 1000
	container_exec sh -c 'mount -t tmpfs x /mnt && echo mounted; test -w /proc/sys/kernel/domainname && echo writable'
	assert_output $'mounted\nwritable'
}
