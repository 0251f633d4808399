#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# The cgroups of an ordinary user: what was delegated to him (systemd, "Delegation"), and that a
# container of his does not reach it (CVE-2023-25809).

load rootless

# delegate: $GROUP is a group that the user owns, with $FROM, where he is himself, below it.
delegate() {
	local file
	[[ -n $CGROUP2 ]] || skip "no v2 hierarchy here"
	GROUP=$CGROUP2/$ID-user FROM=$GROUP/session
	mkdir "$GROUP" "$FROM"
	cleanup_later 'for dir in $(find "$GROUP" -depth -type d); do rmdir "$dir"; done'
	for file in "$GROUP" "$FROM" {"$GROUP","$FROM"}/cgroup.{procs,subtree_control,threads}; do
		chown "$USER_ID:$USER_ID" "$file"
	done
	[[ $CGROUP_MODE != v2 ]] || for file in memory pids cpu; do
		echo "+$file" >"$CGROUP2/cgroup.subtree_control"
	done
}

# need_delegation: the same, where limits can be had of it.
need_delegation() {
	[[ $CGROUP_MODE == v2 ]] || skip "delegation needs cgroup v2 alone (tests/lab/run has it)"
	delegate
}

tries_to_write() {
	script 'for dir in $(find /sys/fs/cgroup -type d); do
		mkdir "$dir/written" 2>/dev/null && echo "made $dir/written"
		[ -e "$dir/cgroup.procs" ] && { echo 0 >"$dir/cgroup.procs"; } 2>/dev/null && echo "entered $dir"
		done; echo tried'
}

@test "CVE-2023-25809: the user's cgroups cannot be written from the machine's cgroup namespace" {
	delegate
	without_namespace cgroup
	tries_to_write
	try hull run "$ID"
	assert_ok
	assert_output tried
	# Neither through /sys, where nothing of its own lies on /sys/fs/cgroup.
	config '.mounts |= map(select(.type != "cgroup"))'
	try hull run "$ID"
	assert_output tried
	config '.mounts |= map(if .destination == "/sys"
		then {destination: "/sys", type: "sysfs", source: "sysfs"} else . end)'
	try hull run "$ID"
	assert_output tried
}

@test "delegation: limits hold, in a group beside the user's own" {
	need_delegation
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 20},
		devices: [{allow: false, access: "rwm"}]}'
	run_sleeper
	assert_eq "$(cgroup_dir "$(pid_of)" memory)" "$GROUP/hull-$ID"
	assert_eq "$(cat "$GROUP/hull-$ID/memory.max")" 67108864
	assert_eq "$(cat "$GROUP/hull-$ID/pids.max")" 20
	try hull exec "$ID" sh -c 'i=0; while [ $i -lt 30 ]; do sleep 100 & i=$((i + 1)); done'
	[[ $status -ne 0 ]] || report "more processes than the limit"
	hull delete --force "$ID"
	[[ ! -e $GROUP/hull-$ID ]] || fail "the group is left"
}

@test "delegation: exec enters the group, pause and resume, kill --all" {
	need_delegation
	run_sleeper
	hull exec --detach --pid-file "$BUNDLE/pid" "$ID" sleep 1000
	assert_eq "$(cgroup_dir "$(cat pid)" memory)" "$GROUP/hull-$ID"
	hull pause "$ID"
	assert_eq "$(status_of)" paused
	assert_eq "$(cat "$GROUP/hull-$ID/cgroup.freeze")" 1
	hull resume "$ID"
	assert_eq "$(status_of)" running
	hull kill --all "$ID" KILL
	wait_until is_gone "$(cat pid)"
	hull delete "$ID"
	[[ ! -e $GROUP/hull-$ID ]] || fail "the group is left"
}

@test "delegation: exec from another session stays in that, and says so" {
	need_delegation
	run_sleeper
	FROM='' try hull exec "$ID" sh -c 'readlink /proc/self/ns/pid; cat /proc/self/cgroup'
	assert_ok
	assert_has "$(readlink "/proc/$(pid_of)/ns/pid")"
	assert_lacks "hull-$ID"
	[[ $stderr == "hull: warning: "*cgroup* ]] || report "no warning"
}

# moves_on: the page of the whisper was written once more.
written() { od -An -tu8 -j32 -N8 "$STATE/$ID/cpu"; }
moves_on() { (($(written) > $1)); }

@test "delegation: the whisper of a user's own container" {
	need_delegation
	script 'head -c 4 /run/hull/cpu; echo x >/run/hull/cpu; while :; do sleep 1000; done'
	run_detached --whisper
	wait_until moves_on "$(written)"
	wait_until has_text HCPU "$OUT"
	hull delete --force "$ID"
	[[ ! -e $GROUP/hull-$ID ]] || fail "the group is left"
}

@test "the whisper of a container without a cgroup is refused" {
	[[ $CGROUP_MODE != v2 ]] || skip "a user may have a group there"
	script true
	try hull run --whisper "$ID"
	assert_error "needs a cgroup"
}

@test "delegation: a relative cgroupsPath stands below the user's group" {
	need_delegation
	config '.linux.cgroupsPath = "some/'"$ID"'"'
	run_sleeper
	assert_eq "$(cgroup_dir "$(pid_of)" memory)" "$GROUP/some/$ID"
}

# Weights need the cpu controller, which the user's group has given on.
@test "delegation: a tenant of the user's own, in his file, below his group" {
	need_delegation
	echo +cpu >"$GROUP/cgroup.subtree_control"
	hull tenant set acme --weight 70 --memory 64m
	assert_eq "$(stat -c %u "$BUNDLE/.config/hull/tenants.json")" "$USER_ID"
	run_sleeper --tenant acme
	assert_eq "$(cgroup_dir "$(pid_of)" memory)" "$GROUP/hull-tenant-acme/hull-$ID"
	assert_eq "$(cat "$GROUP/hull-tenant-acme/cpu.weight")" 70
	assert_eq "$(cat "$GROUP/hull-tenant-acme/memory.max")" 67108864
	hull tenant set acme --weight 80
	assert_eq "$(cat "$GROUP/hull-tenant-acme/cpu.weight")" 80
	hull delete --force "$ID"
	[[ ! -e $GROUP/hull-tenant-acme ]] || fail "the level is left"
}

@test "a tenant without a delegated group is refused by its name" {
	hull tenant set acme
	payload true
	try hull run --tenant acme "$ID"
	assert_error "tenant acme" "no cgroup"
}
