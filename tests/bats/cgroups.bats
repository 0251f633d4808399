#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# shellcheck disable=SC2030,SC2031 # tests are subshells to shellcheck
# What a container may use: each limit as the kernel holds it, and as the container feels it. On
# v1, v2 and the hybrid of both.

load setup

# resources EXPRESSION: added to linux.resources.
resources() { config ".linux.resources += $1"; }

# running: the pid of a container that does nothing.
running() {
	payload sleep 1000
	run_detached
	PID=$(pid_of)
}

# A file of PID's group that must be one of some values (rounding, kernels).
assert_limit() {
	local expected=$1 actual
	shift
	actual=$(limit "$PID" "$@")
	[[ $actual =~ ^($expected)$ ]] || fail "$*: got $actual, expected $expected"
}

# ---- the group -----------------------------------------------------------------------------------------

@test "group: one in every hierarchy, named after the container by default" {
	running
	local hierarchy controllers path
	while IFS=: read -r hierarchy controllers path; do
		[[ $path == *"$ID"* ]] || fail "$hierarchy:$controllers:$path"
	done <"/proc/$PID/cgroup"
}

@test "group: cgroupsPath, absolute" {
	config --arg p "/$ID" '.linux.cgroupsPath = $p'
	running
	local path
	while IFS=: read -r _ _ path; do
		assert_eq "$path" "/$ID"
	done <"/proc/$PID/cgroup"
	hull delete --force "$ID"
	assert_nothing_left
}

@test "group: cgroupsPath, relative" {
	config --arg p "$ID-group" '.linux.cgroupsPath = $p'
	running
	local path
	while IFS=: read -r _ _ path; do
		[[ $path == */"$ID-group" ]] || fail "$path"
	done <"/proc/$PID/cgroup"
}

@test "group: below a parent that an engine has made" {
	local dir
	for dir in /sys/fs/cgroup/*/; do
		[[ ! -e $dir/cgroup.procs || $CGROUP_MODE == v2 ]] || mkdir "$dir/$ID-parent"
	done
	[[ $CGROUP_MODE != v2 ]] || mkdir "/sys/fs/cgroup/$ID-parent"
	cleanup_later 'find /sys/fs/cgroup -depth -type d -name "$ID-parent" -exec rmdir {} +'
	# A new cpuset has no processors until someone says so: hull has to.
	config --arg p "/$ID-parent/inner" '.linux.cgroupsPath = $p'
	running
	local path
	while IFS=: read -r _ _ path; do
		assert_eq "$path" "/$ID-parent/inner"
	done <"/proc/$PID/cgroup"
	hull delete --force "$ID"
	assert_eq "$(find /sys/fs/cgroup -path "*$ID-parent/*" -type d)" ""
	[[ -n $(find /sys/fs/cgroup -name "$ID-parent" -type d) ]]
}

@test "group: parents that hull had to make" {
	config --arg p "/$ID/a/b" '.linux.cgroupsPath = $p'
	cleanup_later 'find /sys/fs/cgroup -depth -type d -path "*/$ID*" -exec rmdir {} +'
	running
	grep -q ":/$ID/a/b$" "/proc/$PID/cgroup"
	hull delete --force "$ID"
	assert_eq "$(find /sys/fs/cgroup -type d -path "*/$ID/a/b*")" ""
}

@test "group: a path that climbs stays below the root" {
	config --arg p "../../../$ID" '.linux.cgroupsPath = $p'
	payload true
	try hull run "$ID"
	[[ $status -eq 0 || $status -eq 1 ]]
	assert_nothing_left
}

@test "group: belongs to the container's user where he sees it writable in a namespace of its own" {
	[[ $CGROUP_MODE == v2 ]] || skip "v1 groups are not given away"
	user_namespace
	with_namespace cgroup
	config '.mounts |= map(if .type == "cgroup" then .options -= ["ro"] else . end)'
	script 'stat -c %u /sys/fs/cgroup /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/memory.max
		mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs && cat /proc/self/cgroup'
	try hull run "$ID"
	assert_output $'0\n0\n65534\n0::/mine'
	assert_nothing_left

	payload stat -c %u /sys/fs/cgroup
	cp config.json writable.json
	config '.mounts |= map(if .type == "cgroup" then .options += ["ro"] else . end)'
	try hull run "$ID"
	assert_output 65534
	mv writable.json config.json
	without_namespace cgroup
	try hull run "$ID"
	assert_output 65534
}

@test "group: is gone after delete, whatever was made inside" {
	running
	local controller
	for controller in memory pids freezer; do
		mkdir -p "$(cgroup_dir "$PID" "$controller")/inner/deeper"
	done
	hull delete --force "$ID"
	assert_nothing_left
}

@test "group: is gone after the container has stopped by itself and was deleted" {
	payload true
	run_detached
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
}

@test "group: all processes are in it from their first instruction" {
	script 'cat /proc/self/cgroup; sh -c "cat /proc/self/cgroup"'
	without_namespace cgroup
	try hull run "$ID"
	assert_ok
	[[ $(grep -c "$ID" <<<"$output") -eq $(wc -l <<<"$output") ]]
}

@test "group: two containers in one path: the second is refused or both live, none breaks the other" {
	config --arg p "/$ID-shared" '.linux.cgroupsPath = $p'
	payload sleep 1000
	run_detached
	try hull run --detach "$ID-second"
	$PEER || assert_error "container's cgroup is not empty" "$ID-shared" "process "
	hull delete --force "$ID-second"
	if $PEER; then skip "others kill the first"; fi
	assert_eq "$(status_of)" running
}

@test "group: one that is frozen is refused" {
	local file=cgroup.freeze value=1 dir
	if [[ $(controller_version freezer) == 1 ]]; then file=freezer.state value=FROZEN; fi
	dir=$([[ $file == freezer.state ]] && echo /sys/fs/cgroup/freezer || echo "$CGROUP2")/$ID-frozen
	mkdir "$dir"
	cleanup_later "rmdir '$dir'"
	echo "$value" >"$dir/$file"
	config --arg p "/$ID-frozen" '.linux.cgroupsPath = $p'
	payload true
	try hull run "$ID"
	assert_error "container's cgroup unexpectedly frozen" "$dir"
}

@test "group: no resources section at all" {
	config 'del(.linux.resources)'
	run_script 'echo ran'
	assert_ok
	assert_output ran
}

# ---- cpu ---------------------------------------------------------------------------------------------------

@test "cpu: shares" {
	need_controller cpu
	resources '{cpu: {shares: 512}}'
	running
	# The weight on v2 follows ceil(10^((l^2+125l)/612 - 7/34)) with l = log2(shares).
	assert_limit '512|59' cpu cpu.shares cpu.weight
}

@test "cpu: shares, the ends and the middle" {
	need_controller cpu
	local pair
	for pair in 2:1 1024:100 262144:10000; do
		resources "{cpu: {shares: ${pair%:*}}}"
		running
		assert_limit "${pair%:*}|${pair#*:}" cpu cpu.shares cpu.weight
		hull delete --force "$ID"
	done
}

@test "cpu: quota and period" {
	need_controller cpu
	resources '{cpu: {quota: 25000, period: 50000}}'
	running
	assert_limit '25000|25000 50000' cpu cpu.cfs_quota_us cpu.max
	assert_limit '50000|25000 50000' cpu cpu.cfs_period_us cpu.max
}

@test "cpu: quota without period, period without quota, no limit" {
	need_controller cpu
	resources '{cpu: {quota: 30000}}'
	running
	assert_limit '30000|30000 100000' cpu cpu.cfs_quota_us cpu.max
	hull delete --force "$ID"
	resources '{cpu: {period: 40000}}'
	running
	assert_limit '40000|max 40000' cpu cpu.cfs_period_us cpu.max
	hull delete --force "$ID"
	resources '{cpu: {quota: -1, period: 100000}}'
	running
	assert_limit '-1|max 100000' cpu cpu.cfs_quota_us cpu.max
}

@test "cpu: quota holds the container back" {
	need_controller cpu
	resources '{cpu: {quota: 5000, period: 100000}}'
	script 'while :; do :; done'
	run_detached
	PID=$(pid_of)
	throttled() { [[ $(limit "$PID" cpu cpu.stat cpu.stat | awk '$1 == "nr_throttled" {print $2}') -gt 2 ]]; }
	wait_until throttled
}

@test "cpu: burst" {
	need_controller cpu
	if $PEER; then skip "not in every runtime"; fi
	resources '{cpu: {quota: 50000, period: 100000, burst: 20000}}'
	running
	assert_limit 20000 cpu cpu.cfs_burst_us cpu.max.burst
}

@test "cpu: idle" {
	need_controller cpu
	if $PEER; then skip "not in every runtime"; fi
	resources '{cpu: {idle: 1}}'
	running
	assert_limit 1 cpu cpu.idle cpu.idle
}

@test "cpuset: processors and memory nodes" {
	need_controller cpuset
	resources '{cpu: {cpus: "0", mems: "0"}}'
	running
	assert_limit 0 cpuset cpuset.cpus cpuset.cpus
	assert_limit 0 cpuset cpuset.mems cpuset.mems
	grep -qE '^Cpus_allowed_list:\s+0$' "/proc/$PID/status"
	# Exclusive sets would break every container after this one.
	[[ ! -e $(cgroup_dir "$PID" cpuset)/cpuset.cpu_exclusive ]] || assert_limit 0 cpuset cpuset.cpu_exclusive ""
}

@test "cpuset: of a container without one it is the parent's" {
	need_controller cpuset
	running
	assert_eq "$(grep Cpus_allowed_list "/proc/$PID/status")" "$(grep Cpus_allowed_list /proc/1/status)"
}

@test "cpuset: a processor that this machine does not have" {
	need_controller cpuset
	resources '{cpu: {cpus: "7000"}}'
	payload true
	try hull run "$ID"
	assert_status 1
	[[ $stderr == *cpus* ]] || report "cpus is not named"
	assert_nothing_left
}

# ---- memory ------------------------------------------------------------------------------------------------

@test "memory: limit" {
	need_controller memory
	resources '{memory: {limit: 67108864}}'
	running
	assert_limit 67108864 memory memory.limit_in_bytes memory.max
}

@test "memory: limit, reservation, swap" {
	need_controller memory
	resources '{memory: {limit: 67108864, reservation: 33554432, swap: 100663296}}'
	running
	assert_limit 67108864 memory memory.limit_in_bytes memory.max
	assert_limit 33554432 memory memory.soft_limit_in_bytes memory.low
	# OCI counts memory and swap together, v2 only the swap.
	[[ -e $(cgroup_dir "$PID" memory)/memory.memsw.limit_in_bytes ||
		-e $(cgroup_dir "$PID" memory)/memory.swap.max ]] || skip "no accounting of swap here"
	assert_limit '100663296|33554432' memory memory.memsw.limit_in_bytes memory.swap.max
}

@test "memory: -1 is no limit" {
	need_controller memory
	resources '{memory: {limit: -1}}'
	running
	assert_limit '92233720368547[0-9]+|max' memory memory.limit_in_bytes memory.max
}

@test "memory: swap below the limit is refused" {
	need_controller memory
	resources '{memory: {limit: 67108864, swap: 33554432}}'
	payload true
	try hull run "$ID"
	assert_status 1
	[[ $stderr == *[Ss]wap* || $stderr == *memory* ]]
	assert_nothing_left
}

@test "memory: a container over its limit is killed: 137" {
	need_controller memory
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	payload dd if=/dev/zero of=/dev/null bs=256M count=1
	try hull run "$ID"
	assert_status 137
	assert_nothing_left
}

@test "memory: the victim is inside, the container lives on" {
	need_controller memory
	resources '{memory: {limit: 33554432, swap: 33554432}}'
	run_script 'dd if=/dev/zero of=/dev/null bs=256M count=1; echo "code $?"'
	assert_ok
	assert_has "code 137"
}

@test "memory: what fits in runs" {
	need_controller memory
	resources '{memory: {limit: 67108864, swap: 67108864}}'
	run_script 'dd if=/dev/zero of=/dev/null bs=16M count=1 2>/dev/null && echo fits'
	assert_output fits
}

@test "memory: a limit of 2 MiB is enough for hull itself" {
	need_controller memory
	if $PEER; then skip "others need several times this"; fi
	resources '{memory: {limit: 2097152, swap: 2097152}}'
	run_script 'echo ran'
	assert_ok
	assert_output ran
}

@test "memory: swappiness, and the killer switched off (v1)" {
	[[ $(controller_version memory) == 1 ]] || skip "v2 has no such files"
	resources '{memory: {limit: 67108864, swappiness: 42, disableOOMKiller: true}}'
	running
	local dir
	dir=$(cgroup_dir "$PID" memory)
	if [[ -e $dir/memory.oom_control ]]; then
		grep -qx 'oom_kill_disable 1' "$dir/memory.oom_control"
	fi
	assert_eq "$(cat "$dir/memory.swappiness")" 42
}

# ---- pids ----------------------------------------------------------------------------------------------------

@test "pids: limit" {
	need_controller pids
	resources '{pids: {limit: 23}}'
	running
	assert_limit 23 pids pids.max pids.max
}

@test "pids: -1 and 0 are no limit" {
	need_controller pids
	local value
	for value in -1 0; do
		resources "{pids: {limit: $value}}"
		running
		assert_limit max pids pids.max pids.max
		hull delete --force "$ID"
	done
}

@test "pids: a fork bomb stays small" {
	need_controller pids
	resources '{pids: {limit: 20}}'
	# A bomb that would end by itself at some hundred processes. A shell that cannot fork ends, so
	# the first one, the container's own, does not take part.
	script 'bomb() { [ $1 -gt 0 ] || exec sleep 1000; bomb $(($1 - 1)) & bomb $(($1 - 1)) & wait; }
		trap "" TERM; (bomb 8) 2>/dev/null; echo over; exec sleep 1000'
	run_detached
	PID=$(pid_of)
	refused() { [[ $(cat "$(cgroup_dir "$PID" pids)/pids.events") =~ max\ [1-9] ]]; }
	wait_until refused
	[[ $(limit "$PID" pids pids.current pids.current) -le 20 ]]
	hull delete --force "$ID"
	assert_nothing_left
}

@test "pids: exec counts, and fails cleanly when there is no room" {
	need_controller pids
	resources '{pids: {limit: 1}}'
	running
	try hull exec "$ID" sh -c 'true; true | true'
	[[ $status -ne 0 ]]
	assert_eq "$(status_of)" running
}

# ---- devices -------------------------------------------------------------------------------------------------

# Character device 240:0 is for local use and has no driver: allowed is "No such device", refused
# is "Operation not permitted".
probe_script='for mode in "<" ">>"; do eval "( : $mode /dev/probe )" 2>&1; done'
probe() {
	config '.linux.devices = [{path: "/dev/probe", type: "c", major: 240, minor: 0, fileMode: 438}]'
	config --argjson rules "$1" '.linux.resources.devices = $rules'
	run_script "$probe_script"
}
ALLOWED="No such device" REFUSED="Operation not permitted"

# The rule that is the first of every list: nothing.
DENY='{"allow": false, "access": "rwm"}'

@test "devices: everything denied, the default ones still work" {
	config '.linux.resources.devices = [{allow: false, access: "rwm"}]'
	run_script 'echo x >/dev/null && head -c 2 /dev/zero | wc -c; head -c 2 /dev/urandom | wc -c; echo x >/dev/full'
	assert_output $'2\n2'
	[[ $stderr == *"No space left"* ]]
}

@test "devices: what is not allowed cannot be opened" {
	probe "[$DENY]"
	assert_eq "$(grep -c "$REFUSED" <<<"$output$stderr")" 2
}

@test "devices: what is allowed can" {
	probe "[$DENY, {\"allow\": true, \"type\": \"c\", \"major\": 240, \"minor\": 0, \"access\": \"rwm\"}]"
	assert_eq "$(grep -c "$ALLOWED" <<<"$output$stderr")" 2
}

@test "devices: access is for reading, writing, both" {
	probe "[$DENY, {\"allow\": true, \"type\": \"c\", \"major\": 240, \"minor\": 0, \"access\": \"r\"}]"
	[[ $(sed -n 1p <<<"$output$stderr") == *"$ALLOWED"* && $(sed -n 2p <<<"$output$stderr") == *"$REFUSED"* ]] ||
		report "r"
	probe "[$DENY, {\"allow\": true, \"type\": \"c\", \"major\": 240, \"minor\": 0, \"access\": \"w\"}]"
	[[ $(sed -n 1p <<<"$output$stderr") == *"$REFUSED"* && $(sed -n 2p <<<"$output$stderr") == *"$ALLOWED"* ]] ||
		report "w"
}

@test "devices: a major number with every minor, a type with everything" {
	probe "[$DENY, {\"allow\": true, \"type\": \"c\", \"major\": 240, \"access\": \"rw\"}]"
	assert_eq "$(grep -c "$ALLOWED" <<<"$output$stderr")" 2
	probe "[$DENY, {\"allow\": true, \"type\": \"c\", \"access\": \"rw\"}]"
	assert_eq "$(grep -c "$ALLOWED" <<<"$output$stderr")" 2
	probe "[$DENY, {\"allow\": true, \"type\": \"b\", \"access\": \"rw\"}]"
	assert_eq "$(grep -c "$REFUSED" <<<"$output$stderr")" 2
}

@test "devices: other numbers do not help" {
	probe "[$DENY, {\"allow\": true, \"type\": \"c\", \"major\": 240, \"minor\": 1, \"access\": \"rwm\"},
		{\"allow\": true, \"type\": \"c\", \"major\": 241, \"minor\": 0, \"access\": \"rwm\"},
		{\"allow\": true, \"type\": \"b\", \"major\": 240, \"minor\": 0, \"access\": \"rwm\"}]"
	assert_eq "$(grep -c "$REFUSED" <<<"$output$stderr")" 2
}

@test "devices: the last rule counts" {
	local allow='{"allow": true, "type": "c", "major": 240, "minor": 0, "access": "rwm"}'
	local deny='{"allow": false, "type": "c", "major": 240, "minor": 0, "access": "rwm"}'
	probe "[$DENY, $allow, $deny]"
	assert_eq "$(grep -c "$REFUSED" <<<"$output$stderr")" 2
	probe "[$DENY, $allow, $deny, $allow]"
	assert_eq "$(grep -c "$ALLOWED" <<<"$output$stderr")" 2
}

@test "devices: everything allowed" {
	probe '[{"allow": true, "access": "rwm"}]'
	assert_eq "$(grep -c "$ALLOWED" <<<"$output$stderr")" 2
	probe '[{"allow": true, "type": "a", "access": "rwm"}]'
	assert_eq "$(grep -c "$ALLOWED" <<<"$output$stderr")" 2
}

@test "devices: everything allowed but one" {
	probe '[{"allow": true, "access": "rwm"}, {"allow": false, "type": "c", "major": 240, "minor": 0, "access": "rw"}]'
	assert_eq "$(grep -c "$REFUSED" <<<"$output$stderr")" 2
}

@test "devices: a node may be made, and still not be opened" {
	config '.process.capabilities |= (.bounding += ["CAP_MKNOD"] | .permitted += ["CAP_MKNOD"] | .effective += ["CAP_MKNOD"])
		| .linux.resources.devices = [{allow: false, access: "rwm"},
			{allow: true, type: "c", major: 240, minor: 1, access: "m"}]'
	run_script 'mknod /dev/one c 240 1 && echo made; cat /dev/one'
	assert_output made
	[[ $stderr == *"$REFUSED"* ]] || report "not refused"
}

@test "devices: the rules hold for exec and for a container that is rebuilt" {
	config '.linux.devices = [{path: "/dev/probe", type: "c", major: 240, minor: 0, fileMode: 438}]
		| .linux.resources.devices = [{allow: false, access: "rwm"}]'
	run_sleeper
	try hull exec "$ID" cat /dev/probe
	[[ $stderr == *"$REFUSED"* ]]
}

# ---- block, huge pages, network ----------------------------------------------------------------------------------

# The number of a real disk, or none.
disk() {
	local dir
	for dir in /sys/block/*/; do
		[[ $dir == */loop* || $dir == */ram* || $dir == */zram* ]] || {
			cat "$dir/dev"
			return
		}
	done
}

@test "block: throttling of a disk" {
	local number version
	number=$(disk)
	[[ -n $number ]] || skip "this machine has no disk"
	version=$(controller_version io)$(controller_version blkio)
	[[ -n $version ]] || skip "this kernel has no io controller"
	local target="major: ${number%:*}, minor: ${number#*:}"
	resources "{blockIO: {throttleReadBpsDevice: [{$target, rate: 1048576}],
		throttleWriteBpsDevice: [{$target, rate: 2097152}],
		throttleReadIOPSDevice: [{$target, rate: 100}],
		throttleWriteIOPSDevice: [{$target, rate: 200}]}}"
	running
	if [[ $version == 1 ]]; then
		local dir
		dir=$(cgroup_dir "$PID" blkio)
		assert_eq "$(cat "$dir/blkio.throttle.read_bps_device")" "$number 1048576"
		assert_eq "$(cat "$dir/blkio.throttle.write_bps_device")" "$number 2097152"
		assert_eq "$(cat "$dir/blkio.throttle.read_iops_device")" "$number 100"
		assert_eq "$(cat "$dir/blkio.throttle.write_iops_device")" "$number 200"
	else
		assert_eq "$(cat "$(cgroup_dir "$PID" io)/io.max")" \
			"$number rbps=1048576 wbps=2097152 riops=100 wiops=200"
	fi
}

@test "block: weight" {
	local file
	running
	if [[ $(controller_version blkio) == 1 ]]; then
		file=$(cgroup_dir "$PID" blkio)/blkio
	else
		file=$(cgroup_dir "$PID" io)/io
	fi
	[[ -e $file.weight || -e $file.bfq.weight ]] || skip "this kernel schedules no disk by weight"
	hull delete --force "$ID"
	resources '{blockIO: {weight: 500}}'
	running
	if [[ -e $file.bfq.weight ]]; then
		assert_eq "$(sed 's/default //' "$file.bfq.weight")" 500
	else
		# 1 + (500 - 10) * 9999 / 990
		[[ $(sed 's/default //' "$file.weight") =~ ^(500|4950)$ ]]
	fi
}

@test "huge pages: a limit by size" {
	need_controller hugetlb
	[[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ]] || skip "no pages of 2 MiB here"
	resources '{hugepageLimits: [{pageSize: "2MB", limit: 6291456}]}'
	running
	assert_limit 6291456 hugetlb hugetlb.2MB.limit_in_bytes hugetlb.2MB.max
}

@test "huge pages: a size that this machine does not have is named" {
	need_controller hugetlb
	resources '{hugepageLimits: [{pageSize: "3MB", limit: 6291456}]}'
	payload true
	try hull run "$ID"
	assert_status 1
	[[ $stderr == *3MB* ]]
	assert_nothing_left
}

@test "network: class and priorities (v1)" {
	[[ $(controller_version net_cls) == 1 ]] || skip "this kernel has no net_cls controller"
	resources '{network: {classID: 1048577}}'
	running
	assert_limit 1048577 net_cls net_cls.classid ""
}

@test "unified: keys of cgroup v2 as they are" {
	if $PEER && [[ $CGROUP_MODE == hybrid ]]; then skip "v2 only"; fi
	[[ -n $CGROUP2 ]] || skip "no cgroup v2 here"
	if [[ $CGROUP_MODE == v2 ]]; then
		resources '{unified: {"memory.high": "50331648", "pids.max": "77"}}'
		running
		assert_eq "$(cat "$(cgroup_dir "$PID" memory)/memory.high")" 50331648
		assert_eq "$(cat "$(cgroup_dir "$PID" pids)/pids.max")" 77
	else
		need_controller hugetlb
		resources '{unified: {"hugetlb.2MB.max": "4194304"}}'
		running
		assert_eq "$(cat "$(cgroup_dir "$PID" hugetlb)/hugetlb.2MB.max")" 4194304
	fi
}

@test "unified: a key that does not exist, or climbs" {
	if $PEER && [[ $CGROUP_MODE == hybrid ]]; then skip "v2 only"; fi
	[[ -n $CGROUP2 ]] || skip "no cgroup v2 here"
	local key
	for key in memory.no-such no-such.max ../cgroup.procs /etc/passwd; do
		config --arg k "$key" '.linux.resources.unified = {($k): "1"}'
		payload true
		try hull run "$ID"
		assert_status 1
		[[ -n $stderr ]]
		assert_nothing_left
	done
	[[ $(controller_version memory) == 1 ]] || return 0
	config '.linux.resources.unified = {"memory.min": "131072"}'
	try hull run "$ID"
	$PEER || assert_error "invalid configuration" linux.resources.unified memory.min
}

# tests/unit/cgroup_rdt.c has the rest: few machines have resctrl.
@test "intelRdt: without resctrl it is refused, and nothing is left" {
	! grep -q ' - resctrl ' /proc/self/mountinfo || skip "resctrl is mounted here"
	payload true
	config '.linux.intelRdt = {l3CacheSchema: "L3:0=f", enableMonitoring: true}'
	try hull run "$ID"
	assert_error linux.intelRdt "resctrl is not mounted"
	assert_nothing_left
	try hull create "$ID"
	assert_error linux.intelRdt "resctrl is not mounted"
	hull features | jq -e '.linux.intelRdt == {enabled: true, schemata: true, monitoring: true}'
}
