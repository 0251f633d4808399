#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are jq's; try sets $stderr
# hull events: statistics again and again, memory that ran out, pressure; until the container ends.

load setup

EVENTS=
# watch [OPTION...]: `hull events` in the background, printing into $EVENTS; $WATCHER.
watch() {
	EVENTS=$BATS_TEST_TMPDIR/events
	HULL_BATS=$ID "$HULL" --root "$STATE" events "$@" "$ID" >"$EVENTS" 2>"$EVENTS.err" </dev/null 3>&- 4>&- &
	WATCHER=$!
}

# It says when it has set up what it waits for by nothing but its descriptors.
watches() { [[ -n $(find "/proc/$WATCHER/fd" -lname "*$1*" 2>/dev/null) ]]; }

# count TYPE: how many lines of that type there are by now.
count() { jq -s --arg type "$1" 'map(select(.type == $type)) | length' "$EVENTS"; }
at_least() { [[ $(count "$2") -ge $1 ]]; }

# The watch ends by itself, and well.
assert_ends() {
	wait_until is_gone "$WATCHER"
	wait "$WATCHER" || fail "exit code $?" "$(<"$EVENTS.err")"
	assert_eq "$(<"$EVENTS.err")" ""
}

@test "events --stats: once, everything that the controllers know" {
	run_sleeper
	try hull events --stats "$ID"
	assert_ok
	assert_eq "$(jq -c '[.type, .id]' <<<"$output")" "[\"stats\",\"$ID\"]"
	assert_eq "$(jq '.data | .cpu.usage.total > 0 and .memory.usage.usage > 0 and .pids.current >= 2' \
		<<<"$output")" true
	[[ -z $CGROUP2 || ! -e $CGROUP2/memory.pressure ]] ||
		assert_eq "$(jq -c '.data | [.cpu, .memory, .blkio] | map(.psi.some | has("avg10"))' \
			<<<"$output")" "[true,true,true]"
}

@test "events: statistics at each interval, until the container ends" {
	run_sleeper
	watch --interval 20ms
	wait_until at_least 3 stats
	assert_eq "$(jq -s --arg id "$ID" 'all(.id == $id and (.type != "stats" or .data.pids.current > 0))' \
		"$EVENTS")" true
	hull kill "$ID" TERM
	assert_ends
}

@test "events: an interval in seconds, of a paused container too" {
	run_sleeper
	hull pause "$ID"
	watch --interval=0.02
	wait_until at_least 2 stats
	hull resume "$ID"
	hull delete --force "$ID"
	assert_ends
	assert_nothing_left
}

@test "events: intervals that are none" {
	run_sleeper
	local word
	for word in 0 0s -1s x 5parsecs ''; do
		try hull events --interval "$word" "$ID"
		assert_error interval
	done
}

@test "events: memory that runs out is told, the container lives on" {
	need_controller memory
	config '.linux.resources.memory = {limit: 25165824, swap: 25165824}'
	script 'trap "exit 0" TERM; n=0
		while :; do
			if [ -e /tmp/go ]; then rm /tmp/go; tail /dev/zero; echo died >>/tmp/died; fi
			sleep 0.02
		done'
	run_detached
	watch --pressure none --interval 1h
	wait_until watches "$([[ $(controller_version memory) == 1 ]] && echo eventfd || echo memory.events)"
	assert_eq "$(count oom)" 0
	touch "$ROOTFS/tmp/go"
	wait_until has_text died "$ROOTFS/tmp/died"
	wait_until at_least 1 oom
	assert_eq "$(jq -sc --arg id "$ID" 'map(select(. != {type: "oom", id: $id}))' "$EVENTS")" "[]"
	assert_eq "$(status_of)" running
	hull kill "$ID" KILL
	assert_ends
}

@test "events: memory that runs out is told when it ends the container" {
	need_controller memory
	config '.linux.resources.memory = {limit: 25165824, swap: 25165824}'
	script 'while [ ! -e /tmp/go ]; do sleep 0.02; done; exec tail /dev/zero'
	run_detached
	watch --interval 1h
	wait_until watches "$([[ $(controller_version memory) == 1 ]] && echo eventfd || echo memory.events)"
	touch "$ROOTFS/tmp/go"
	assert_ends
	at_least 1 oom || fail "no word of it: $(<"$EVENTS")"
}

need_pressure() {
	cat "${CGROUP2:-/none}/cpu.pressure" >/dev/null 2>&1 || skip "this kernel does not measure pressure"
}

# busy: a container that stands still most of the time, for want of CPU time.
busy() {
	config '.linux.resources.cpu = {quota: 5000, period: 100000}'
	script 'while :; do :; done & while :; do :; done'
	run_detached
}

@test "events: pressure that is asked for" {
	need_pressure
	busy
	watch --interval 1h --pressure cpu:some:100ms/2s
	wait_until at_least 1 pressure
	assert_eq "$(jq -sc 'map(select(.type == "pressure"))[0] | .data | [.resource, .kind, .stall, .window]' \
		"$EVENTS")" '["cpu","some",100000,2000000]'
	assert_eq "$(jq -sc 'map(select(.type == "pressure"))[0].data.psi.some.total > 0' "$EVENTS")" true
	hull kill "$ID" KILL
	assert_ends
}

@test "events: pressure is watched by default, --pressure none does not" {
	need_pressure
	busy
	watch --interval 1h
	wait_until at_least 1 pressure
	assert_eq "$(jq -sc 'map(select(.type == "pressure"))[0].data | [.resource, .kind]' "$EVENTS")" '["cpu","full"]'
	kill "$WATCHER"
	wait "$WATCHER" || true
	watch --interval 20ms --pressure none
	wait_until at_least 3 stats
	# Statistics read the same files; a trigger is written into one.
	[[ -z $(find "/proc/$WATCHER/fd" -lname '*pressure*' -perm -u+w) ]]
	hull kill "$ID" KILL
	assert_ends
}

@test "events: triggers that are none" {
	run_sleeper
	local word
	for word in disk memory:half memory:some:1s memory:some:3s/2s memory:some:1ms/20ms memory:some:1s/20s \
		memory:some:0/2s '' memory:; do
		try hull events --pressure "$word" "$ID"
		assert_error pressure
	done
}

@test "events: a full disk behind its output ends it with an error" {
	run_sleeper
	local code=0
	hull events --interval 10ms "$ID" >/dev/full 2>"$OUT.err" || code=$?
	assert_eq "$code" 1
	has_text "cannot write" "$OUT.err"
}

@test "events: not of a stopped container, and not of one that is not there" {
	payload true
	run_detached
	wait_status stopped
	try hull events "$ID"
	assert_error "not running"
	try hull events "$ID-none"
	assert_error "does not exist"
}

@test "events, exec --cgroup: not of a container that has no cgroup" {
	payload sleep 1000
	detached --cgroup-manager disabled run --detach "$ID"
	try hull events --interval 1h "$ID"
	assert_error "no cgroup"
	try hull exec --cgroup / "$ID" true
	assert_error --code 255 "no cgroup"
}
