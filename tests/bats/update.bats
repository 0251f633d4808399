#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are jq's; try sets $stderr
# hull update: what a running container may use changes, as the kernel holds it; all of it or
# nothing; and config.json in the state directory follows.

load setup

MIB=1048576

running() {
	[[ $# -eq 0 ]] || config ".linux.resources += $1"
	payload sleep 1000
	run_detached
	PID=$(pid_of)
}

# holds VALUE CONTROLLER V1FILE V2FILE
holds() {
	local wanted=$1
	shift
	[[ $(limit "$PID" "$@") =~ ^($wanted)$ ]] || fail "$*: $(limit "$PID" "$@") is not $wanted"
}

# saved EXPRESSION: of linux.resources in the state directory.
saved() { jq -c ".linux.resources$1" "$STATE/$ID/config.json"; }

# group_files: every value of the container's groups that is a limit, to see that none has changed.
group_files() {
	local controller dir file CONTENT
	for controller in memory cpu pids cpuset blkio; do
		# Those of v2 are all in one.
		[[ $dir != $(cgroup_dir "$PID" "$controller") ]] || continue
		dir=$(cgroup_dir "$PID" "$controller")
		for file in "$dir"/{memory.limit*,memory.memsw.limit*,memory.soft*,memory.max,memory.swap.max,memory.low,cpu.shares,cpu.weight,cpu.max*,cpu.cfs_*_us,cpu.idle,pids.max,cpuset.cpus,blkio.*weight,io.*weight}; do
			[[ ! -e $file ]] || {
				slurp "$file" || true
				printf '%s %s\n' "$file" "${CONTENT//$'\n'/ }"
			}
		done
	done
}

update_json() { printf '%s' "$1" | hull update --resources - "$ID"; }

# ---- options ---------------------------------------------------------------------------------------------

@test "update: memory, with the sizes that people write" {
	running
	local row
	for row in "64m $((64 * MIB))" "96MiB $((96 * MIB))" "134217728 $((128 * MIB))" \
		".25g $((256 * MIB))"; do
		hull update --memory "${row% *}" "$ID"
		holds "${row#* }" memory memory.limit_in_bytes memory.max
		assert_eq "$(saved .memory.limit)" "${row#* }"
	done
}

@test "update: memory -1 is no limit, on memory and swap" {
	running "{memory: {limit: $((64 * MIB)), swap: $((64 * MIB))}}"
	hull update --memory -1 "$ID"
	holds '9223372036854771712|max' memory memory.limit_in_bytes memory.max
	holds '9223372036854771712|max' memory memory.memsw.limit_in_bytes memory.swap.max
	assert_eq "$(saved .memory.swap)" -1
}

@test "update: memory and swap are raised and lowered together, whichever must come first" {
	running "{memory: {limit: $((64 * MIB)), swap: $((64 * MIB))}}"
	hull update --memory 128m --memory-swap 256m "$ID"
	holds $((128 * MIB)) memory memory.limit_in_bytes memory.max
	if [[ $(controller_version memory) == 1 ]]; then
		holds $((256 * MIB)) memory memory.memsw.limit_in_bytes -
	else
		holds $((128 * MIB)) memory - memory.swap.max
	fi
	hull update --memory 32m --memory-swap 48m "$ID"
	holds $((32 * MIB)) memory memory.limit_in_bytes memory.max
	if [[ $(controller_version memory) == 1 ]]; then
		holds $((48 * MIB)) memory memory.memsw.limit_in_bytes -
	else
		holds $((16 * MIB)) memory - memory.swap.max
	fi
}

@test "update: memory alone stays below the limit of both, which stays what it is" {
	running "{memory: {limit: $((64 * MIB)), swap: $((128 * MIB))}}"
	hull update --memory 96m "$ID"
	holds $((96 * MIB)) memory memory.limit_in_bytes memory.max
	if [[ $(controller_version memory) == 1 ]]; then
		holds $((128 * MIB)) memory memory.memsw.limit_in_bytes -
	else
		holds $((32 * MIB)) memory - memory.swap.max
	fi
	local before
	before=$(group_files)
	try hull update --memory 256m "$ID"
	assert_error memory.limit memory.swap
	assert_eq "$(group_files)" "$before"
	assert_eq "$(saved .memory.limit)" $((96 * MIB))
}

@test "update: reservation" {
	running
	hull update --memory-reservation 32m "$ID"
	holds $((32 * MIB)) memory memory.soft_limit_in_bytes memory.low
}

@test "update: cpu shares, quota and period, each by itself and together" {
	running
	hull update --cpu-share 512 "$ID"
	holds '512|59' cpu cpu.shares cpu.weight
	hull update --cpu-quota 20000 --cpu-period 50000 "$ID"
	quota_is() {
		if [[ $(controller_version cpu) == 1 ]]; then
			holds "$1" cpu cpu.cfs_quota_us -
			holds "$2" cpu cpu.cfs_period_us -
		else
			holds "$1 $2" cpu - cpu.max
		fi
	}
	quota_is 20000 50000
	hull update --cpu-quota 30000 "$ID"
	quota_is 30000 50000
	hull update --cpu-period 200000 "$ID"
	quota_is 30000 200000
	hull update --cpu-quota -1 "$ID"
	quota_is '-1|max' 200000
	holds '512|59' cpu cpu.shares cpu.weight
}

@test "update: cpu burst and idle" {
	running '{cpu: {quota: 50000, period: 100000}}'
	[[ -e $(cgroup_dir "$PID" cpu)/cpu.idle ]] || skip "this kernel has no idle groups"
	hull update --cpu-burst 10000 "$ID"
	holds 10000 cpu cpu.cfs_burst_us cpu.max.burst
	hull update --cpu-burst 0 "$ID"
	holds 0 cpu cpu.cfs_burst_us cpu.max.burst
	assert_eq "$(saved .cpu.burst)" 0
	hull update --cpu-idle 1 "$ID"
	holds 1 cpu cpu.idle cpu.idle
	hull update --cpu-idle 0 "$ID"
	holds 0 cpu cpu.idle cpu.idle
}

@test "update: processors and memory nodes" {
	need_controller cpuset
	running
	hull update --cpuset-cpus 0 --cpuset-mems 0 "$ID"
	holds 0 cpuset cpuset.cpus cpuset.cpus
	grep -q $'Cpus_allowed_list:\t0$' "/proc/$PID/status"
	assert_eq "$(saved .cpu.cpus)" '"0"'
}

@test "update: pids, -1 is no limit, 0 changes nothing" {
	running
	hull update --pids-limit 20 "$ID"
	holds 20 pids pids.max pids.max
	hull update --pids-limit 0 "$ID"
	holds 20 pids pids.max pids.max
	hull update --pids-limit=-1 "$ID"
	holds max pids pids.max pids.max
	assert_eq "$(saved .pids.limit)" -1
}

@test "update: weight of the disks" {
	running
	local file
	file=$(find "$(cgroup_dir "$PID" blkio)" -maxdepth 1 -name '*io*.weight' | head -n 1)
	[[ -n $file ]] || skip "no scheduler on this machine has weights"
	hull update --blkio-weight 321 "$ID"
	grep -qE '(^|default )(321|3142)$' "$file"
}

@test "update: what is obsolete is accepted and said to be ignored" {
	running
	local before
	before=$(group_files)
	try hull update --kernel-memory 64m --kernel-memory-tcp 64m "$ID"
	assert_ok
	[[ $stderr == *ignored* ]] || report "no word of it"
	assert_eq "$(group_files)" "$before"
}

@test "update: without resctrl its options are refused" {
	[[ ! -e /sys/fs/resctrl/schemata ]] || skip "this machine has resctrl"
	running
	try hull update --l3-cache-schema L3:0=f "$ID"
	assert_error resctrl
	try hull update --mem-bw-schema MB:0=50 "$ID"
	assert_error resctrl
}

@test "update: values that are none are refused before anything changes" {
	running
	local before words
	before=$(group_files)
	for words in '--memory x' '--memory -2' '--memory 1.5.5g' '--cpu-period -1' '--cpu-share 1k' \
		'--pids-limit ten' '--cpu-quota 500' '--blkio-weight 5' '--cpu-idle 2' \
		'--memory 64m --memory-swap 32m' '--memory 99999999999999999999'; do
		# shellcheck disable=SC2086 # words
		try hull update --pids-limit 33 $words "$ID"
		assert_error
		assert_eq "$(group_files)" "$before"
	done
	assert_eq "$(saved .pids)" null
}

# ---- a document ------------------------------------------------------------------------------------------

@test "update --resources: from standard input, from a file, as engines send it" {
	running
	update_json '{"memory":{"limit":67108864,"swap":134217728},"cpu":{"shares":256,"quota":0},
		"pids":{"limit":44},"blockIO":null,"unknown":[1]}'
	holds 67108864 memory memory.limit_in_bytes memory.max
	holds '256|35' cpu cpu.shares cpu.weight
	holds 44 pids pids.max pids.max
	echo '{"pids":{"limit":45}}' >"$BATS_TEST_TMPDIR/resources.json"
	hull update -r "$BATS_TEST_TMPDIR/resources.json" "$ID"
	hull update --resources="$BATS_TEST_TMPDIR/resources.json" "$ID"
	holds 45 pids pids.max pids.max
	holds 67108864 memory memory.limit_in_bytes memory.max
	assert_eq "$(saved .memory)" '{"limit":67108864,"swap":134217728}'
	assert_eq "$(saved .pids)" '{"limit":45}'
}

@test "update --resources: everything else of config.json stays as it was" {
	running "{cpu: {shares: 300}, memory: {limit: $((80 * MIB))}}"
	local before
	before=$(jq -S 'del(.linux.resources)' "$STATE/$ID/config.json")
	update_json '{"cpu":{"quota":40000}}'
	assert_eq "$(jq -S 'del(.linux.resources)' "$STATE/$ID/config.json")" "$before"
	assert_eq "$(saved '.cpu | [.shares, .quota]')" '[300,40000]'
	assert_eq "$(saved .memory.limit)" $((80 * MIB))
	try hull exec "$ID" true
	assert_ok
}

@test "update --resources: huge pages, one size after the other" {
	need_controller hugetlb
	local size=2MB
	[[ -e /sys/kernel/mm/hugepages/hugepages-2048kB ]] || skip "no huge pages of 2 MiB"
	running
	update_json '{"hugepageLimits":[{"pageSize":"'"$size"'","limit":4194304}]}'
	holds 4194304 hugetlb "hugetlb.$size.limit_in_bytes" "hugetlb.$size.max"
	update_json '{"hugepageLimits":[{"pageSize":"'"$size"'","limit":8388608}]}'
	holds 8388608 hugetlb "hugetlb.$size.limit_in_bytes" "hugetlb.$size.max"
	assert_eq "$(saved '.hugepageLimits | length')" 1
}

# opens DEVICE: what the container is told; 240:0 is for local use and has no driver.
opens() {
	try hull exec "$ID" sh -c ": <$1"
	printf '%s\n' "${stderr##*: }"
}

@test "update --resources: device rules only when there are some" {
	config '.linux.devices = [{path: "/dev/probe", type: "c", major: 240, minor: 0, fileMode: 438}]
		| .linux.resources.devices = [{allow: false, access: "rwm"}]'
	running
	assert_eq "$(opens /dev/probe)" "Operation not permitted"
	update_json '{"devices":[{"allow":false,"access":"rwm"},
		{"allow":true,"type":"c","major":240,"minor":0,"access":"rw"}]}'
	assert_eq "$(opens /dev/probe)" "No such device or address"
	update_json '{"pids":{"limit":44}}'
	update_json '{"devices":[]}'
	assert_eq "$(opens /dev/probe)" "No such device or address"
	assert_eq "$(opens /dev/null)" ""
	update_json '{"devices":[{"allow":false,"access":"rwm"}]}'
	assert_eq "$(opens /dev/probe)" "Operation not permitted"
	assert_eq "$(opens /dev/null)" ""
	assert_eq "$(saved '.devices | length')" 1
}

@test "update --resources: device rules that it has already are left alone, and what others added" {
	config '.linux.devices = [{path: "/dev/probe", type: "c", major: 240, minor: 0, fileMode: 438}]
		| .linux.resources.devices = [{allow: false, access: "rwm"}]'
	running
	[[ $(controller_version devices) == 1 ]] || skip "on cgroup v2 nobody else can add to the rules"
	echo 'c 240:0 rw' >"$(cgroup_dir "$PID" devices)/devices.allow"
	update_json '{"devices":[{"allow":false,"access":"rwm"}],"pids":{"limit":9}}'
	assert_eq "$(opens /dev/probe)" "No such device or address"
	holds 9 pids pids.max pids.max
}

@test "update --resources: keys of cgroup v2" {
	running
	local file
	file=$(cgroup_dir "$PID" none)/cgroup.max.depth
	[[ -e $file ]] || skip "no cgroup v2 here"
	update_json '{"unified":{"cgroup.max.depth":"7"}}'
	assert_eq "$(cat "$file")" 7
	try update_json '{"unified":{"cgroup.procs":"1"}}'
	assert_error unified
}

@test "update --resources: what cannot be read says where it is wrong" {
	running
	local before document
	before=$(group_files)
	for document in '{"pids":{"limit":"many"}}' '{"memory":[]}' '{"cpu":{"period":5}}' '[]' '{' '' \
		'{"pids":{"limit":33}} x' '{"devices":[{"allow":true,"type":"q"}]}'; do
		try update_json "$document"
		assert_error resources
		assert_eq "$(group_files)" "$before"
	done
	try update_json '{"memory":{"limit":"5"}}'
	assert_error memory.limit
	try hull update --resources "$BATS_TEST_TMPDIR/none" "$ID"
	assert_error resources none
	[[ $stderr != *"no such file or directory"* ]] || report "the engines' words for a missing command"
}

@test "update: the kernel refuses one value: it is named, and nothing has changed" {
	running "{memory: {limit: $((64 * MIB)), swap: $((64 * MIB))}, cpu: {shares: 300}, pids: {limit: 50}}"
	local before
	before=$(group_files)
	need_controller cpuset
	try update_json '{"memory":{"limit":134217728,"swap":268435456},"cpu":{"shares":700,"quota":30000,
		"cpus":"0-4095"},"pids":{"limit":99}}'
	assert_error cpus
	assert_eq "$(group_files)" "$before"
	assert_eq "$(saved '.pids.limit')" 50
}

@test "update: checkBeforeUpdate: a limit below what is used now is refused" {
	script 'dd if=/dev/zero of=/tmp/held bs=1M count=24 2>/dev/null; echo ready; sleep 1000'
	mount_add /tmp tmpfs tmpfs mode=1777
	run_detached
	wait_until has_text ready "$OUT"
	PID=$(pid_of)
	local before
	before=$(group_files)
	try update_json '{"memory":{"limit":8388608,"checkBeforeUpdate":true},"pids":{"limit":12}}'
	assert_error memory.limit
	[[ $CGROUP_MODE != v2 ]] || assert_error "rejecting memory limit"
	assert_eq "$(group_files)" "$before"
	assert_eq "$(status_of)" running
}

# ---- the container ---------------------------------------------------------------------------------------

@test "update: created and paused containers too, not a stopped one" {
	payload sleep 1000
	create_container
	PID=$(pid_of)
	hull update --pids-limit 21 "$ID"
	holds 21 pids pids.max pids.max
	hull start "$ID"
	hull pause "$ID"
	hull update --pids-limit 22 "$ID"
	holds 22 pids pids.max pids.max
	hull resume "$ID"
	hull kill "$ID" KILL
	wait_status stopped
	try hull update --pids-limit 23 "$ID"
	assert_error "not running"
	try hull update --pids-limit 23 "$ID-none"
	assert_error "does not exist"
}

@test "update: the container feels it" {
	need_controller pids
	script 'while [ ! -e /tmp/go ]; do sleep 0.05; done
		for n in 1 2 3 4 5 6 7 8 9; do sleep 1000 & done; echo all of them; wait'
	run_detached
	local group
	group=$(cgroup_dir "$(pid_of)" pids)
	hull update --pids-limit 5 "$ID"
	touch "$ROOTFS/tmp/go"
	refused() { [[ $(<"$group/pids.events") =~ max\ [1-9] ]]; }
	wait_until refused
	run ! has_text "all of them" "$OUT"
}
