#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# The systemd driver, seen from outside: what systemd says of a container's unit, what the kernel has
# in its group, and what is left when it is gone.

load systemd

# values FILE...: what the kernel has for the container's group, one line each.
values() {
	local dir
	dir=$(group)
	(cd "$dir" && tail -n +1 -q "$@")
}

# cgroups_path PATH
cgroups_path() { config --arg path "$1" '.linux.cgroupsPath = $path'; }

# ---- the unit ----------------------------------------------------------------------------------

@test "unit: a scope in system.slice, delegated, with the container's processes in it" {
	run_sleeper
	assert_properties Slice=system.slice Delegate=yes ActiveState=active \
		DefaultDependencies=no "ControlGroup=/system.slice/$(unit)" CollectMode=inactive-or-failed
	assert_eq "$(cat "/proc/$(pid_of)/cgroup")" "0::/system.slice/$(unit)"
	# What was written down is enough for every later command.
	try hull_plain exec "$ID" cat /proc/self/cgroup
	assert_output 0::/
	hull_plain exec --detach "$ID" sleep 1000
	assert_eq "$(wc -l <"$(group)/cgroup.procs")" "$(hull_plain ps --format json "$ID" | jq length)"
	hull_plain pause "$ID"
	assert_eq "$(values cgroup.freeze)" 1
	assert_eq "$(status_of)" paused
	hull_plain resume "$ID"
	try hull_plain events --stats "$ID"
	assert_ok
	jq -e '.data.memory.usage.usage > 0' <<<"$output"
	hull_plain kill "$ID" TERM
	wait_status stopped
	hull_plain delete "$ID"
	no_units
}

@test "unit: nested slices, an own prefix, the root slice" {
	# Slices stay: systemd keeps what was asked for by name.
	local slice=hulltest-a${ID//[!0-9]/}.slice
	cleanup_later "systemctl stop hulltest.slice"
	script 'cat /proc/self/cgroup'
	without_namespace cgroup
	cgroups_path "$slice:my+own:$ID"
	try hull run "$ID"
	assert_output "0::/hulltest.slice/$slice/my\\x2bown-$ID.scope"
	cgroups_path "$slice::$ID"
	try hull run "$ID"
	assert_output "0::/hulltest.slice/$slice/$ID.scope"
	cgroups_path "-.slice:own:$ID"
	try hull run "$ID"
	assert_output "0::/own-$ID.scope"
}

@test "tenant: a slice with its limits, which set changes, gone behind the last container" {
	local tenant=t-${ID//[!0-9]/} slice dir
	export HULL_TENANTS=$BATS_TEST_TMPDIR/tenants.json
	slice="system-hull_tenant_${tenant/-/\\x2d}.slice"
	dir=/sys/fs/cgroup/system.slice/$slice
	hull tenant set "$tenant" --weight 300 --cpus 0.5 --memory 256m
	run_sleeper --tenant "$tenant"
	assert_properties "Slice=$slice" "ControlGroup=/system.slice/$slice/$(unit)"
	UNIT=$slice assert_properties CPUWeight=300 CPUQuotaPerSecUSec=500ms MemoryMax=268435456 MemorySwapMax=0
	assert_eq "$(cat "$dir/cpu.weight" "$dir/cpu.max" "$dir/memory.max")" $'300\n50000 100000\n268435456'
	hull tenant set "$tenant" --weight 700 --cpus none --memory none
	UNIT=$slice assert_properties CPUWeight=700 CPUQuotaPerSecUSec=infinity MemoryMax=infinity \
		MemorySwapMax=infinity
	assert_eq "$(cat "$dir/cpu.weight" "$dir/cpu.max" "$dir/memory.max")" $'700\nmax 100000\nmax'
	# What systemd writes anew is the same.
	systemctl daemon-reload
	assert_eq "$(cat "$dir/cpu.weight")" 700
	ID=$ID-second run_sleeper --tenant "$tenant"
	hull delete --force "$ID"
	assert_eq "$(cat "$dir/cpu.weight")" 700
	assert_eq "$(status_of "$ID-second")" running
	hull delete --force "$ID-second"
	[[ ! -e $dir ]]
	assert_eq "$(systemctl show --property ActiveState --value "$slice")" inactive
	assert_eq "$(find /run/systemd -name "*hull_tenant*")" ''
	systemd-run --quiet --scope --unit "hull-$ID.scope" sleep 1000 3>&- 4>&- &
	wait_until systemctl --quiet is-active "hull-$ID.scope"
	try hull run --tenant "$tenant" "$ID"
	assert_error "hull-$ID.scope" "exists already"
	[[ ! -e $dir ]]
	systemctl stop "hull-$ID.scope"
	cgroups_path "system.slice:unused:hulltest-${ID//-/_}.slice"
	try hull run --tenant "$tenant" "$ID"
	assert_error "tenant $tenant" "a slice itself"
}

@test "unit: a slice of the container's own" {
	local UNIT=hulltest-${ID//-/_}.slice
	cleanup_later "systemctl stop hulltest.slice"
	cgroups_path "hulltest.slice:unused:$UNIT"
	config '.linux.resources.pids.limit = 17'
	run_sleeper
	assert_eq "$(cat "/proc/$(pid_of)/cgroup")" "0::/hulltest.slice/$UNIT"
	assert_properties TasksMax=17 ActiveState=active
	hull delete --force "$ID"
	[[ ! -e /sys/fs/cgroup/hulltest.slice/$UNIT ]]
}

@test "unit: paths that systemd cannot have are refused before anything is made" {
	local path
	for path in /a/b relative a.slice:b a.slice:b:c:d a.slice:b: a.scope:b:c a--b.slice:b:c \
		a.slice:b:../c; do
		cgroups_path "$path"
		try hull run "$ID"
		assert_error linux.cgroupsPath "$path"
	done
}

@test "unit: one of that name is somebody else's, and stays" {
	local UNIT=taken-$ID.scope pid
	systemd-run --quiet --scope --unit "$UNIT" sleep 1000 3>&- 4>&- &
	pid=$!
	cleanup_later "systemctl stop $UNIT"
	wait_until eval '[[ $(property ActiveState) == active ]]'
	cgroups_path ":taken:$ID"
	script :
	try hull run "$ID"
	assert_error "$UNIT" "exists already"
	kill -0 "$pid"
	assert_properties ActiveState=active
}

# ---- limits ------------------------------------------------------------------------------------

@test "limits: properties of the unit and values of its group, also after daemon-reload and update" {
	config '.linux.resources += {
		memory: {limit: 67108864, swap: 134217728, reservation: 33554432},
		cpu: {shares: 512, quota: 25000, period: 50000, cpus: "0", mems: "0"},
		pids: {limit: 50},
		unified: {"memory.high": "60000000", "memory.min": "1048576"}}'
	local files=(memory.{max,swap.max,low,high,min} cpu.{weight,max} cpuset.{cpus,mems} pids.max)
	local wanted
	wanted=$(printf '%s\n' 67108864 67108864 33554432 59998208 1048576 59 '25000 50000' 0 0 50)
	run_sleeper
	assert_eq "$(values "${files[@]}")" "$wanted"
	assert_properties MemoryMax=67108864 MemorySwapMax=67108864 MemoryLow=33554432 \
		MemoryHigh=60000000 MemoryMin=1048576 CPUWeight=59 CPUQuotaPerSecUSec=500ms \
		CPUQuotaPeriodUSec=50ms AllowedCPUs=0 AllowedMemoryNodes=0 TasksMax=50
	systemctl daemon-reload
	assert_eq "$(values "${files[@]}")" "$wanted"

	hull_plain update --memory 100000000 --cpu-quota 30000 --pids-limit 60 "$ID"
	wanted=$(printf '%s\n' 99999744 34213888 33554432 59998208 1048576 59 '30000 50000' 0 0 60)
	assert_eq "$(values "${files[@]}")" "$wanted"
	assert_properties MemoryMax=100000000 CPUQuotaPerSecUSec=600ms TasksMax=60 AllowedCPUs=0
	systemctl daemon-reload
	assert_eq "$(values "${files[@]}")" "$wanted"
}

@test "limits: a part of a percent of a processor is systemd's only when it writes anew" {
	config '.linux.resources.cpu = {quota: 33333, period: 100000}'
	run_sleeper
	assert_eq "$(values cpu.max)" '33333 100000'
	assert_properties CPUQuotaPerSecUSec=340ms
	hull update --cpu-quota 12345 "$ID"
	assert_eq "$(values cpu.max)" '12345 100000'
	assert_properties CPUQuotaPerSecUSec=130ms
}

@test "limits: an update that is refused leaves unit and group as they were" {
	config '.linux.resources = {pids: {limit: 50}, memory: {limit: 67108864}}'
	run_sleeper
	try hull_plain update --pids-limit 60 --cpuset-cpus 1000 "$ID"
	assert_error cpu.cpus
	assert_eq "$(values pids.max)" 50
	assert_properties TasksMax=50 AllowedCPUs=
}

@test "limits: none are none, and one process is enough to start" {
	config '.linux.resources = {pids: {limit: -1}, memory: {limit: -1}}'
	run_sleeper
	assert_properties TasksMax=infinity MemoryMax=infinity
	hull delete --force "$ID"
	config '.linux.resources = {pids: {limit: 1}}'
	run_script 'echo $$'
	assert_output 1
}

@test "limits: idle, and block weight" {
	config '.linux.resources = {cpu: {idle: 1}, blockIO: {weight: 500}}'
	run_sleeper
	assert_properties CPUWeight=idle
	systemctl daemon-reload
	assert_eq "$(values cpu.idle)" 1
	assert_properties IOWeight=4950
}

@test "devices: what is allowed is, what is not is not, also after daemon-reload" {
	# 1:11 is /dev/kmsg, 10:200 is /dev/net/tun.
	config '.linux.resources.devices = [{allow: false, access: "rwm"},
		{allow: true, type: "c", major: 10, minor: 200, access: "rw"}]
		| .linux.devices = [{path: "/dev/tun", type: "c", major: 10, minor: 200},
			{path: "/dev/log", type: "c", major: 1, minor: 11}]'
	run_sleeper
	assert_properties DevicePolicy=strict
	[[ $(property DeviceAllow) == *'/dev/char/10:200 rw'* ]]
	for _ in before after; do
		hull_plain exec "$ID" sh -c ': <>/dev/tun && head -c 1 /dev/zero >/dev/null'
		try hull_plain exec "$ID" sh -c ': </dev/log'
		[[ $status -ne 0 && $stderr == *'not permitted'* ]] || report "/dev/kmsg can be opened"
		systemctl daemon-reload
	done
}

@test "devices: everything but one" {
	config '.linux.resources.devices = [{allow: true, access: "rwm"},
		{allow: false, type: "c", major: 1, minor: 11, access: "rwm"}]
		| .linux.devices = [{path: "/dev/log", type: "c", major: 1, minor: 11}]'
	run_script 'head -c 1 /dev/zero >/dev/null && : </dev/log'
	[[ $status -ne 0 && $stderr == *'not permitted'* ]] || report "/dev/kmsg can be opened"
}

# ---- the end -----------------------------------------------------------------------------------

@test "end: a process that fails, one that is killed, one without memory leave no failed unit" {
	script 'exit 3'
	run_detached
	wait_until no_units
	hull delete "$ID"
	run_sleeper
	hull kill "$ID" KILL
	wait_until no_units
	hull delete "$ID"
	config '.linux.resources.memory = {limit: 16777216, swap: 16777216}'
	script 'x=x; while :; do x=$x$x; done'
	try hull run "$ID"
	assert_status 137
	no_units
	[[ $(systemctl list-units --failed --no-legend) != *"$ID"* ]]
}

@test "end: systemctl stop ends the container" {
	run_sleeper
	systemctl stop "$(unit)"
	assert_eq "$(status_of)" stopped
	hull_plain delete "$ID"
}

@test "end: groups and processes that the container has made go too" {
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	script 'mkdir -p /sys/fs/cgroup/a/b; (exec setsid sleep 1000) & echo $! >/sys/fs/cgroup/a/b/cgroup.procs
		echo ready; sleep 1000'
	run_detached
	wait_until has_text ready "$OUT"
	hull_plain delete --force "$ID"
	no_units
}

@test "end: hull killed at any moment leaves what delete --force cleans" {
	local round
	script 'sleep 1000'
	for ((round = 0; round < ${HULL_KILL_ROUNDS:-8} * 2; round++)); do
		env "$MARK" "$HULL" --root "$STATE" --systemd-cgroup create "$ID" \
			>>"$OUT" 2>&1 </dev/null 3>&- 4>&- &
		nap "0.$((RANDOM % 8))$((RANDOM % 10))"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		hull_plain delete --force "$ID"
		assert_nothing_left
	done
}

# ---- the bus -----------------------------------------------------------------------------------

@test "bus: none is one clear line and nothing made" {
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere/bus
	script :
	try hull run "$ID"
	assert_error --systemd-cgroup /nowhere/bus "does not exist"
	[[ ! -e $STATE/$ID ]]
}

@test "bus: that which is named is taken, also among others" {
	export DBUS_SYSTEM_BUS_ADDRESS='unix:abstract=no%20bus;unix:guid=1,path=/run/dbus/system%5fbus_socket'
	run_script 'echo runs'
	assert_output runs
}

@test "bus: without it a container can still be deleted" {
	run_sleeper
	DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere/bus try hull_plain delete --force "$ID"
	assert_ok
	[[ $stderr == *warning*nowhere* ]]
}

# ---- properties by annotation --------------------------------------------------------------------

@test "annotations: harmless ones become properties" {
	config '.annotations = {"org.systemd.property.TimeoutStopSec": "7",
		"org.systemd.property.Description": "'"'it is mine'"'",
		"org.systemd.property.MemoryHigh": "uint64 50000000",
		"org.systemd.property.CollectMode": "'"'inactive'"'",
		"org.systemd.property.After": "['"'dbus.service'"']"}'
	run_sleeper
	assert_properties TimeoutStopUSec=7s "Description=it is mine" MemoryHigh=50000000 CollectMode=inactive
	[[ " $(property After) " == *' dbus.service '* ]]
}

@test "annotations: those that run something, move other units or contradict are refused" {
	local name value
	script :
	while read -r name value; do
		config --arg name "org.systemd.property.$name" --arg value "$value" \
			'.annotations = {($name): $value} | .linux.resources.pids.limit = 9'
		try hull run "$ID"
		assert_error "$name"
	done <<-'EOF'
		ExecStopPost [('/bin/touch', ['touch', '/hull-was-here'], true)]
		Before ['sshd.service']
		Conflicts ['dbus.service']
		MemoryMin uint64 1000000000
		TimeoutStopUSec 'soon'
		TasksMax uint64 100
	EOF
	no_units
	# Without the driver they mean nothing.
	try hull_plain run "$ID"
	assert_ok
}

# ---- below systemd-run ---------------------------------------------------------------------------

@test "systemd-run: a container in a service, a scope and on its terminal, with both drivers" {
	local option run
	script 'echo runs; tty; exit 5'
	for option in --systemd-cgroup --cgroup-manager=cgroupfs; do
		for run in --wait\ --pipe --wait\ --pty --scope; do
			# shellcheck disable=SC2086 # options are words
			try systemd-run --quiet $run --working-directory "$BUNDLE" --setenv "$MARK" \
				--description "$ID" "$HULL" --root "$STATE" "$option" run "$ID"
			[[ $run != --scope ]] || cd "$BUNDLE"
			assert_status 5
			assert_has runs
		done
	done
}
