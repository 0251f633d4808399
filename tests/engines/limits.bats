#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# What a container may use: read from its control groups outside, felt inside.

load podman

# inside FILE_V1 FILE_V2: the container's own view of a file of its group, through its own mount.
inside() {
	local file=$1
	[[ $CGROUP_MODE != v2 ]] || file=$2
	podman exec "$C" cat "/sys/fs/cgroup/$file"
}

# bats test_tags=smoke
@test "limits: --memory, --pids-limit and --cpus, from outside and from within" {
	run_sleeper --memory 64m --pids-limit 30 --cpus 0.5
	local pid
	pid=$(pid_of)
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(limit "$pid" pids pids.max pids.max)" 30
	assert_eq "$(inside memory/memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(inside pids/pids.max pids.max)" 30
	if [[ $(controller_version cpu) == 1 ]]; then
		assert_eq "$(limit "$pid" cpu cpu.cfs_quota_us -)" 50000
		assert_eq "$(limit "$pid" cpu cpu.cfs_period_us -)" 100000
		assert_eq "$(inside cpu/cpu.cfs_quota_us -)" 50000
	else
		assert_eq "$(limit "$pid" cpu - cpu.max)" '50000 100000'
		assert_eq "$(inside - cpu.max)" '50000 100000'
	fi
}

@test "limits: more memory than allowed ends the container, and Podman says why" {
	try podman run --name "$C" --memory 32m --memory-swap 32m debian perl -e '$x = "x" x 2e8'
	assert_status 137
	assert_eq "$(inspect .State.OOMKilled)" true
}

@test "limits: a fork beyond --pids-limit fails" {
	run_script --pids-limit 8 'for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; exit 0'
	[[ ${stderr,,} == *fork* ]] || report "twelve processes with a limit of eight"
}

@test "limits: --cpu-shares" {
	run_sleeper --cpu-shares 512
	if [[ $(controller_version cpu) == 1 ]]; then
		assert_eq "$(limit "$(pid_of)" cpu cpu.shares -)" 512
	else
		# ceil(10^((l^2+125l)/612 - 7/34)) with l = log2(512)
		assert_eq "$(limit "$(pid_of)" cpu - cpu.weight)" 59
	fi
}

@test "limits: a tenant by annotation, in a level of its own below Podman's group" {
	local tenant=${C,,} group file=cpu.weight wanted=300
	[[ $(controller_version cpu) != 1 ]] || file=cpu.shares wanted=3000
	run_sleeper --annotation "hull.tenant=$tenant" --annotation hull.tenant.weight=300
	group=$(cgroup_dir "$(pid_of)" cpu)
	[[ $group == */hull-tenant-$tenant/libpod-* ]] || report "$group"
	assert_eq "$(cat "${group%/*}/$file")" "$wanted"
	podman exec "$C" true
	assert_eq "$(hull_tenant_containers "$tenant")" 1
	podman rm --force --time 0 "$C"
	[[ ! -e ${group%/*} ]] || report "the level is left"
}
# However many state folders there are.
hull_tenant_containers() {
	"$HULL" tenant show "$1" | jq '.containers | length'
}

# sequence_now: how often the page of the whisper was begun or ended to be written.
sequence_now() { podman exec "$C" od -An -tu4 -j24 -N4 /run/hull/cpu; }
sequence_moved() { (($(sequence_now) > $1)); }
no_whisper() {
	local pid
	for pid in $(pgrep -x hull-whisper); do
		! grep -qsF "$1" "/proc/$pid/cmdline" || return
	done
}

@test "limits: the whisper by annotation, for as long as the container runs" {
	local id
	run_sleeper --annotation hull.whisper=true
	id=$(podman inspect --format '{{.Id}}' "$C")
	assert_eq "$(podman exec "$C" head -c 4 /run/hull/cpu)" HCPU
	# The hull that made it has ended long ago.
	wait_until sequence_moved "$(sequence_now)"
	podman restart --time 0 "$C" >/dev/null
	wait_until sequence_moved "$(sequence_now)"
	podman stop --time 0 "$C" >/dev/null
	wait_until no_whisper "$id"
}

@test "limits: --cpuset-cpus" {
	need_controller cpuset
	run_sleeper --cpuset-cpus 0
	assert_eq "$(limit "$(pid_of)" cpuset cpuset.cpus cpuset.cpus)" 0
	try podman exec "$C" grep Cpus_allowed_list /proc/1/status
	[[ $output == *$'\t0' ]] || report "the affinity is not 0"
	try podman exec "$C" nproc
	assert_output 1
}

@test "limits: --memory-reservation and --memory-swap" {
	local swap
	run_sleeper --memory 64m --memory-reservation 32m --memory-swap 96m
	assert_eq "$(limit "$(pid_of)" memory memory.soft_limit_in_bytes memory.low)" 33554432
	# v1 counts memory and swap together; either may be without swap accounting.
	for swap in memory.memsw.limit_in_bytes:100663296 memory.swap.max:33554432; do
		[[ ! -e $(cgroup_dir "$(pid_of)" memory)/${swap%:*} ]] ||
			assert_eq "$(cat "$(cgroup_dir "$(pid_of)" memory)/${swap%:*}")" "${swap#*:}"
	done
}

@test "limits: --ulimit and --oom-score-adj" {
	run_script --ulimit nofile=100:200 --ulimit core=0 --oom-score-adj 500 \
		'ulimit -Sn; ulimit -Hn; ulimit -c; cat /proc/self/oom_score_adj'
	assert_ok
	assert_output $'100\n200\n0\n500'
}

@test "limits: --shm-size" {
	run_script --shm-size 2m 'stat -f -c "%b %S" /dev/shm | { read b s; echo $((b * s)); }
		head -c 3m /dev/zero >/dev/shm/x || echo full'
	assert_output $'2097152\nfull'
}

@test "limits: stats --no-stream knows the limits and the processes" {
	run_sleeper --memory 64m --pids-limit 30
	try podman stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemLimit}}' "$C"
	assert_ok
	assert_output "$C 2 67108864" || assert_has "$C 2 "
	try podman stats --no-stream --format json "$C"
	assert_eq "$(jq -r '.[0].mem_usage | split(" / ")[1]' <<<"$output")" 67.11MB
}

@test "devices: what is not listed cannot be opened, --device can" {
	local device number
	for device in /dev/net/tun /dev/fuse /dev/loop-control /dev/kmsg; do
		[[ ! -c $device ]] || break
	done
	number=$(stat -c '%Hr %Lr' "$device")
	run_script --cap-add MKNOD "mknod /dev/mine c $number && exec 3<>/dev/mine"
	[[ $status -ne 0 && ${stderr,,} == *"operation not permitted"* ]] || report "$device was opened"
	run_script --device "$device:/dev/mine:r" 'stat -c "%Hr %Lr" /dev/mine
		(exec 3</dev/mine) && echo read; (exec 3>/dev/mine) 2>/dev/null || echo "not written"'
	assert_output "$number"$'\nread\nnot written'
}

@test "devices: the standard ones work, others are not there" {
	run_script 'head -c 4 /dev/zero | od -An -tx1; head -c 2 /dev/urandom | wc -c
		echo x >/dev/full || echo full; echo x >/dev/null; ls /dev'
	assert_has ' 00 00 00 00' $'\n2\n' full
	assert_lacks kmsg mem nvme loop
}

@test "limits: podman update changes them while the container runs" {
	run_sleeper --memory 64m --pids-limit 30 --cpus 0.5
	local pid
	pid=$(pid_of)
	podman update --memory 96m --pids-limit 40 --cpus 0.25 "$C"
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 100663296
	assert_eq "$(limit "$pid" pids pids.max pids.max)" 40
	if [[ $(controller_version cpu) == 1 ]]; then
		assert_eq "$(limit "$pid" cpu cpu.cfs_quota_us -)" 25000
	else
		assert_eq "$(limit "$pid" cpu - cpu.max)" '25000 100000'
	fi
	podman update --cpu-shares 512 "$C"
	assert_eq "$(limit "$pid" pids pids.max pids.max)" 40
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 100663296
	[[ $(limit "$pid" cpu cpu.shares cpu.weight) =~ ^(512|59)$ ]]
	try podman update --memory 256m --memory-swap 128m "$C"
	[[ $status -ne 0 ]] || report "swap below memory"
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" 100663296
}
