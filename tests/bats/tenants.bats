#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# shellcheck disable=SC2030,SC2031 # tests are subshells to shellcheck
# Tenants: the level of cgroups, and what is left of it; and weights, as the kernel has them.

load setup

eval "suite_$(declare -f setup)"
setup() {
	suite_setup
	# Names of tenants have small letters; leaks are found by this one, too.
	T=${ID,,}
	export HULL_TENANTS=$BATS_TEST_TMPDIR/etc/tenants.json
}

# On top of the suite's: no level, and nobody registered.
eval "suite_$(declare -f leaks_of)"
leaks_of() {
	suite_leaks_of "$1"
	find /sys/fs/cgroup -type d -name "hull-tenant-*$T*" -printf 'level: %p\n' 2>/dev/null
	find /run/hull/@tenants -path "*$T*" -printf 'member: %p\n' 2>/dev/null || true
}

# level FILE1 FILE2 [PARENT] [TENANT]: what the kernel has for the level below PARENT, on v1 or v2.
level() {
	local controller=${1%%.*} root=/sys/fs/cgroup/${1%%.*} file=$1
	if [[ $(controller_version "$controller") != 1 ]]; then
		root=$CGROUP2 file=$2
	fi
	cat "$root/${3:-hull}/hull-tenant-${4:-$T}/$file"
}

# weight_is N [PARENT] [TENANT]
weight_is() {
	local wanted=$1
	[[ $(controller_version cpu) != 1 ]] || wanted=$(($1 * 10))
	assert_eq "$(level cpu.shares cpu.weight "${2-}" "${3-}")" "$wanted"
}

tenant_set() { hull tenant set "$@"; }

# in_tenant: $ID runs in the tenant $T.
in_tenant() {
	payload sleep 1000
	run_detached --tenant "$T"
}

# ---- the level ---------------------------------------------------------------------------------------

@test "a container of a tenant: one level above it, in every hierarchy, with its weight" {
	tenant_set "$T" --weight 300
	in_tenant
	local path
	while IFS=: read -r _ _ path; do
		assert_eq "$path" "/hull/hull-tenant-$T/$ID"
	done <"/proc/$(pid_of)/cgroup"
	weight_is 300
	assert_eq "$(hull state "$ID" | jq -r .tenant)" "$T"
	try hull list
	assert_has "$T"
	assert_eq "$(hull list -f json | jq -r '.[0].tenant')" "$T"
	try hull exec "$ID" cat /proc/self/cgroup
	assert_ok
	try hull tenant show "$T"
	assert_eq "$(jq -c '[.containers, .groups]' <<<"$output")" "[[\"$ID\"],[\"/hull/hull-tenant-$T\"]]"
	# Two in one level: it stays for the second.
	ID=$ID-second run_detached --tenant "$T"
	hull delete --force "$ID"
	weight_is 300
	assert_eq "$(hull tenant list -f json | jq -c '.[0].containers')" "[\"$ID-second\"]"
	hull delete --force "$ID-second"
	assert_nothing_left
}

# swap_is V1 V2 [FOLDER]: what the level may have in swap, where the kernel counts that: on v1 with
# its memory.
swap_is() {
	[[ -n $(level memory.memsw.limit_in_bytes memory.swap.max "${3-hull}" 2>/dev/null) ]] || return 0
	assert_eq "$(level memory.memsw.limit_in_bytes memory.swap.max "${3-hull}")" \
		"$([[ $(controller_version memory) == 1 ]] && echo "$1" || echo "$2")"
}

# Engines have cgroup parents and state folders of their own.
@test "below an engine's group; set reaches every level at once, also of states elsewhere" {
	local root cpu
	tenant_set "$T" --weight 20
	in_tenant
	config --arg p "/$ID-engine/$ID-b" '.linux.cgroupsPath = $p'
	cleanup_later 'find /sys/fs/cgroup -depth -type d -name "$ID-engine" -exec rmdir {} + 2>/dev/null'
	root=$BATS_TEST_TMPDIR/engine
	hull --root "$root" run --detach --tenant "$T" "$ID-b" </dev/null >"$OUT" 2>&1
	cleanup_later 'hull --root "$BATS_TEST_TMPDIR/engine" delete --force "$ID-b"'
	weight_is 20 "$ID-engine"
	tenant_set "$T" --weight 9000 --cpus 0.5 --memory 64m
	for cpu in hull "$ID-engine"; do
		weight_is 9000 "$cpu"
		[[ $(level cpu.cfs_quota_us cpu.max "$cpu") == 50000* ]]
		assert_eq "$(level cpu.cfs_burst_us cpu.max.burst "$cpu")" 50000
		[[ $(controller_version memory) == '' ]] ||
			assert_eq "$(level memory.limit_in_bytes memory.max "$cpu")" 67108864
		swap_is 67108864 0 "$cpu"
	done
	try hull tenant delete "$T"
	assert_error "in use" "$ID, $ID-b"
	tenant_set "$T" --cpus none --memory none
	[[ $(level cpu.cfs_quota_us cpu.max) =~ ^(-1|max\ 100000)$ ]]
	swap_is 9223372036854771712 max
	hull --root "$root" delete --force "$ID-b"
	[[ ! -e $CGROUP2/$ID-engine/hull-tenant-$T ]]
	hull delete --force "$ID"
	hull tenant delete "$T"
}

@test "set is refused by the kernel: no level is changed, and neither is the file" {
	need_controller memory
	tenant_set "$T" --weight 20
	in_tenant
	cp "$HULL_TENANTS" before
	# v1 refuses a limit below what is in use; v2 ends who uses it.
	if [[ $(controller_version memory) == 1 ]]; then
		try hull tenant set "$T" --weight 40 --memory 4096
		assert_error "$T" memory
		weight_is 20
		cmp before "$HULL_TENANTS"
	fi
	host_mount --bind -o ro "${HULL_TENANTS%/*}" "${HULL_TENANTS%/*}"
	try hull tenant set "$T" --weight 50
	assert_error tenants.json
	weight_is 20
}

@test "annotations: who may say what" {
	tenant_set "$T" --weight 30
	config --arg t "$T-none" '.annotations = {"hull.tenant": $t}'
	try hull run "$ID"
	assert_error "no tenant $T-none" "known: $T" "hull tenant set $T-none"
	config --arg t "$T" '.annotations = {"hull.tenant": $t, "hull.tenant.weight": "31"}'
	try hull run "$ID"
	assert_error "$T has a weight of 30" "got 31"
	try hull run --tenant "$T-other" "$ID"
	assert_error --tenant "$T-other" "says $T"
	local value
	for value in 0 10001 abc; do
		config --arg v "$value" '.annotations["hull.tenant.weight"] = $v'
		try hull run "$ID"
		assert_error 'annotations["hull.tenant.weight"]' "1 to 10000"
	done
	config '.annotations = {"hull.tenant.weight": "5"}'
	try hull run "$ID"
	assert_error "needs hull.tenant"
	config '.annotations = {"hull.tenant": "Not/a/name"}'
	try hull run "$ID"
	assert_error 'annotations["hull.tenant"]' "must be 1 to 63"
	config --arg t "$T" '.annotations = {"hull.tenant": $t, "hull.tenant.weight": "30"}'
	run_script 'echo ran'
	assert_output ran
	try hull features
	jq -e '.potentiallyUnsafeConfigAnnotations | contains(["hull.tenant", "hull.tenant.weight"])' <<<"$output"
}

@test "a tenant of annotations alone: as long as its containers, who must agree" {
	config --arg t "$T" '.annotations = {"hull.tenant": $t, "hull.tenant.weight": "40"}'
	payload sleep 1000
	run_detached
	weight_is 40
	[[ ! -e $HULL_TENANTS ]]
	assert_eq "$(hull tenant list -f json | jq -c --arg t "$T" 'map(select(.name == $t)) |
		map([.weight, .inFile])')" '[[40,false]]'
	config '.annotations["hull.tenant.weight"] = "41"'
	try hull run "$ID-second"
	assert_error "$T" "a weight of 40" "asks for 41"
	weight_is 40
	try hull tenant delete "$T"
	assert_error "in use by container $ID"
	# The admin's word counts for all of them.
	tenant_set "$T" --weight 41
	weight_is 41
	ID=$ID-second run_detached
	hull delete --force "$ID"
	hull delete --force "$ID-second"
	assert_nothing_left
}

@test "many come and go at once: the level is there for each, and gone behind the last" {
	tenant_set "$T" --weight 60
	local n pids=() file=cpu.weight
	without_namespace cgroup
	[[ $(controller_version cpu) != 1 ]] || file=cpu.shares
	payload true
	for n in {1..6}; do
		(for _ in 1 2 3 4; do hull run --tenant "$T" "$ID-$n" </dev/null || exit; done) &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
	assert_nothing_left
}

@test "nothing is left of a container whose state is lost, or whose creation fails" {
	tenant_set "$T" --weight 60
	in_tenant
	rm "$STATE/$ID/state.json"
	hull delete --force "$ID"
	[[ ! -e $CGROUP2/hull/hull-tenant-$T ]]
	# The link to its state, which told the name, counts for nothing.
	assert_eq "$(hull tenant show "$T" | jq -c .containers)" '[]'
	rm -rf "/run/hull/@tenants/$T"
	payload /no/such/program
	try hull run --tenant "$T" "$ID"
	assert_error --code 1 "no such file"
	assert_nothing_left
	config '.linux.resources.unified = {"no.such.file": "1"}'
	try hull run --tenant "$T" "$ID"
	[[ $status -ne 0 ]]
	assert_nothing_left
}

@test "real-time budget: the level's, containers have theirs of it, and it is given back" {
	tenant_set "$T"
	if [[ $(controller_version cpu) != 1 || ! -e /sys/fs/cgroup/cpu/cpu.rt_runtime_us ]]; then
		try hull tenant set "$T" --rt-budget 10ms
		assert_error --rt-budget "no real-time budgets for groups"
		return
	fi
	local before
	before=$(cat /sys/fs/cgroup/cpu/hull/cpu.rt_runtime_us 2>/dev/null || echo 0)
	config '.linux.resources.cpu = {realtimePeriod: 1000000, realtimeRuntime: 10000}'
	payload sleep 1000
	# Nobody takes what the tenant was not given.
	try hull run --tenant "$T" "$ID"
	assert_error "real-time budget"
	tenant_set "$T" --rt-budget 20ms
	run_detached --tenant "$T"
	assert_eq "$(level cpu.rt_runtime_us -)" 20000
	assert_eq "$(limit "$(pid_of)" cpu cpu.rt_runtime_us -)" 10000
	config '.linux.resources.cpu.realtimeRuntime = 11000'
	try hull run --tenant "$T" "$ID-second"
	assert_error "real-time budget"
	assert_eq "$(level cpu.rt_runtime_us -)" 20000
	tenant_set "$T" --rt-budget 30ms
	assert_eq "$(level cpu.rt_runtime_us -)" 30000
	try hull tenant set "$T" --rt-budget 5ms
	assert_error "$T"
	assert_eq "$(level cpu.rt_runtime_us -)" 30000
	hull delete --force "$ID"
	assert_eq "$(cat /sys/fs/cgroup/cpu/hull/cpu.rt_runtime_us)" "$before"
}

@test "without a cgroup there is no tenant" {
	tenant_set "$T"
	payload true
	try hull --cgroup-manager disabled run --tenant "$T" "$ID"
	assert_error "tenant $T" "no cgroup"
	assert_nothing_left
}

# ---- shares ------------------------------------------------------------------------------------------

# usage: CPU time of the levels of both tenants in microseconds, read by one program: between two
# programs a busy machine has much time.
usage() {
	if [[ $(controller_version cpu) == 1 ]]; then
		awk '{ print int($1 / 1000) }' /sys/fs/cgroup/cpuacct/hull/hull-tenant-"$T"-{a,b}/cpuacct.usage
	else
		awk '/^usage_usec/ { print $2 }' "$CGROUP2/hull/hull-tenant-$T"-{a,b}/cpu.stat
	fi
}

# What both have used since they were measured first, in the loop below.
enough() {
	local now
	mapfile -t now < <(usage)
	A=$((now[0] - FIRST[0])) B=$((now[1] - FIRST[1]))
	((A + B > 1000000))
}

@test "two tenants with equal weights get equal time, whatever each of them runs" {
	local spin='while :; do :; done' cpu
	need_controller cpuset
	# One processor for all, the last one that may be used.
	cpu=$(taskset -cp $$ | sed 's/.*[-, ]//')
	config --arg cpu "$cpu" '.linux.resources.cpu.cpus = $cpu'
	tenant_set "$T-a" --weight 200
	tenant_set "$T-b" --weight 200
	script "$spin"
	ID=$ID-a run_detached --tenant "$T-a"
	script "for n in 1 2 3 4 5 6 7; do ( $spin ) & done; $spin"
	ID=$ID-b run_detached --tenant "$T-b"
	wait_until eight_spin
	mapfile -t FIRST < <(usage)
	# With others on that processor it takes longer.
	wait_until enough || wait_until enough
	echo "usage: $A and $B microseconds"
	((A * 100 > B * 85 && B * 100 > A * 85))
}
eight_spin() { [[ $(hull ps -f json "$ID-b" | jq length) -eq 8 ]]; }

@test "cpu weight: native, of a container and while it runs" {
	local scale=1 value
	[[ $(controller_version cpu) != 1 ]] || scale=10
	# The option counts, whatever the document says of shares.
	config '.linux.resources.cpu = {shares: 2048}'
	payload sleep 1000
	run_detached --cpu-weight 150
	assert_eq "$(limit "$(pid_of)" cpu cpu.shares cpu.weight)" "$((150 * scale))"
	assert_eq "$(jq .linux.resources.cpu.weight "$STATE/$ID/config.json")" 150
	for value in 1 10000; do
		hull update --cpu-weight "$value" "$ID"
		assert_eq "$(limit "$(pid_of)" cpu cpu.shares cpu.weight)" "$((value * scale))"
	done
	for value in 0 10001 abc; do
		try hull update --cpu-weight "$value" "$ID"
		[[ $status -eq 1 ]]
		try hull run --cpu-weight "$value" "$ID-second"
		assert_error --cpu-weight "1 to 10000"
	done
	assert_eq "$(limit "$(pid_of)" cpu cpu.shares cpu.weight)" "$((10000 * scale))"
	hull update --cpu-weight 7 "$ID"
	# It counts on: beside an engine's shares, and when the container is no longer idle.
	hull update --cpu-share 512 "$ID"
	assert_eq "$(limit "$(pid_of)" cpu cpu.shares cpu.weight)" "$((7 * scale))"
	hull update --cpu-idle 1 "$ID"
	assert_eq "$(limit "$(pid_of)" cpu cpu.idle cpu.idle)" 1
	hull update --memory 64m "$ID"
	hull update --cpu-idle 0 "$ID"
	assert_eq "$(limit "$(pid_of)" cpu cpu.shares cpu.weight)" "$((7 * scale))"
}
