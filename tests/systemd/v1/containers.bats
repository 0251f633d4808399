#!/usr/bin/env bats
# shellcheck disable=SC2154 # try sets $output
# The systemd driver where systemd has mounted the hierarchies of cgroup v1, with and without an
# empty one of v2 beside them.

load ../systemd

setup_file() {
	[[ ! -e /sys/fs/cgroup/cgroup.controllers ]] || {
		echo "these tests need cgroup v1: tests/check --only systemd-v1" >&2
		return 1
	}
}

# groups PID: of a process, one line for each hierarchy: "controllers:path".
groups() { cut -d : -f 2- "/proc/$1/cgroup"; }

# value CONTROLLER FILE: what the kernel has for the container.
value() { cat "/sys/fs/cgroup/$1$(property ControlGroup)/$2"; }

@test "v1: a scope, whose group the container has in every hierarchy" {
	local path
	run_sleeper
	assert_properties Slice=system.slice Delegate=yes ActiveState=active CollectMode=inactive-or-failed
	path=$(property ControlGroup)
	assert_eq "$path" "/system.slice/$(unit)"
	groups "$(pid_of)" | grep -q "^name=systemd:$path\$"
	assert_eq "$(groups "$(pid_of)" | grep -v ":$path\$" || true)" ""
	# What was written down is enough for every later command.
	hull_plain exec --detach --pid-file exec.pid "$ID" sleep 1000
	assert_eq "$(groups "$(<exec.pid)")" "$(groups "$(pid_of)")"
	hull_plain pause "$ID"
	assert_eq "$(status_of)" paused
	try hull_plain exec "$ID" true
	assert_error --code 255 paused
	hull_plain resume "$ID"
	try hull_plain events --stats "$ID"
	assert_ok
	jq -e '.data.pids.current >= 3 and .data.cpu.usage.total > 0' <<<"$output"
	hull_plain delete --force "$ID"
	no_units
}

@test "v1: limits are the unit's and the kernel's, also after daemon-reload and update" {
	config '.linux.resources += {cpu: {shares: 512, quota: 50000, period: 100000}, pids: {limit: 50}}'
	run_sleeper
	assert_properties CPUShares=512 TasksMax=50 CPUQuotaPerSecUSec=500ms
	hull_plain update --cpu-share 256 --pids-limit 60 "$ID"
	assert_properties CPUShares=256 TasksMax=60
	systemctl daemon-reload
	assert_eq "$(value cpu cpu.shares)" 256
	assert_eq "$(value cpu cpu.cfs_quota_us)" 50000
	assert_eq "$(value pids pids.max)" 60
}

# Kernels of today may have no memory controller for v1: then it is on v2, or nowhere.
@test "v1: a memory limit is where the controller is, or refused by its name" {
	config '.linux.resources.memory = {limit: 67108864}'
	if mountpoint -q /sys/fs/cgroup/memory; then
		run_sleeper
		assert_properties MemoryLimit=67108864
		assert_eq "$(value memory memory.limit_in_bytes)" 67108864
	elif grep -qsw memory /sys/fs/cgroup/unified/cgroup.controllers; then
		run_sleeper
		systemctl daemon-reload
		assert_eq "$(value unified memory.max)" 67108864
		hull_plain update --memory 128m "$ID"
		assert_eq "$(value unified memory.max)" 134217728
	else
		payload true
		try hull run "$ID"
		assert_error linux.resources.memory.limit memory
		assert_nothing_left
	fi
}

@test "v1: devices that are not allowed cannot be opened, also after daemon-reload" {
	config '.linux.resources.devices = [{allow: false, access: "rwm"},
		{allow: true, type: "b", major: 7, minor: 0, access: "r"}]
		| .linux.devices = [{path: "/dev/loop0", type: "b", major: 7, minor: 0}]'
	run_sleeper
	systemctl daemon-reload
	value devices devices.list >list
	grep -q "^b 7:0 r" list
	assert_eq "$(grep '^a' list || true)" ""
	# shellcheck disable=SC2016 # the container's shell
	try hull_plain exec "$ID" sh -c '(: </dev/loop0) && echo read; (: >/dev/loop0) || echo not written; (: >/dev/null) && echo null'
	assert_output $'read\nnot written\nnull'
}

@test "v1: a program that ends, one that is killed, systemctl stop: no unit and no group stays" {
	payload true
	try hull run "$ID"
	assert_ok
	assert_nothing_left
	payload false
	try hull run "$ID"
	assert_status 1
	assert_nothing_left
	run_sleeper
	systemctl stop "$(unit)"
	wait_status stopped
	hull_plain delete "$ID"
	assert_nothing_left
}

@test "v1: a path that systemd cannot have makes nothing" {
	config '.linux.cgroupsPath = "no-slice:hull:x"'
	payload true
	try hull run "$ID"
	assert_error cgroupsPath
	assert_nothing_left
}
