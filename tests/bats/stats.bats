#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are jq's or the container's; try sets $stderr
# hull stats: what containers get of the CPUs, what they wait for and are entitled to, in all its forms;
# and that what it says is what a program inside sees.

load setup
load terminal

# on_cpu SHARES: the container competes on the first CPU that we may use.
on_cpu() {
	need_controller cpuset
	local cpu
	cpu=$(sed -n 's/^Cpus_allowed_list:[[:blank:]]*\([0-9]*\).*/\1/p' /proc/self/status)
	config --arg cpu "$cpu" --argjson shares "$1" \
		'.linux.resources.cpu += {cpus: $cpu, shares: $shares}'
}

# another NAME: the bundle's container once more, as $ID-NAME.
another() {
	hull run --detach "$ID-$1" </dev/null >>"$OUT"
}

# stream OPTION...: `hull stats` in the background, JSON into $STREAM.
stream() {
	STREAM=$BATS_TEST_TMPDIR/stream
	HULL_BATS=$ID "$HULL" --root "$STATE" stats --format json --interval 30ms "$@" >"$STREAM" \
		2>"$STREAM.err" </dev/null 3>&- 4>&- &
	WATCHER=$!
}

# json FILTER: of all samples that hull stats has printed into $output, as an array.
json() { jq -sr "$1" <<<"$output"; }

# The first number lies between the others.
between() { jq -en "$1 >= $2 and $1 <= $3" >/dev/null || fail "$1 is not between $2 and $3"; }

# total ID MEMBER: nanoseconds so far.
total() { hull events --stats "$1" | jq ".data.hull.cpu.total.$2"; }

need_pressure() {
	cat "${CGROUP2:-/none}/cpu.pressure" >/dev/null 2>&1 || skip "this kernel does not measure pressure"
}

@test "stats: a line for each container and sample" {
	run_sleeper
	another b
	try hull stats --count 2 --interval 20ms
	assert_ok
	assert_eq "$(grep -cE "^[-0-9T:]+Z id=$ID(-b)? cpu=[0-9.]+% wait=[0-9.]+% .* pids=[0-9]+ memory=" <<<"$output")" 4
	try hull stats --no-stream --interval 20ms "$ID-b"
	assert_ok
	assert_eq "$(wc -l <<<"$output")" 1
	assert_has "id=$ID-b "
}

@test "stats: JSON has totals, rates and what the controllers know" {
	config '.linux.resources += {memory: {limit: 67108864}, pids: {limit: 50}}'
	run_sleeper
	try hull stats --count 2 --interval 50ms --format json
	assert_ok
	assert_eq "$(json 'map(.id) | unique[0]')" "$ID"
	assert_eq "$(json 'length == 2 and all(.interval > 0 and .host.cpus > 0 and
		(.cpu.total | .usage > 0 and .wait >= 0 and .throttled == 0) and .cpu.waitOf == "run_delay"
		and (.cpu.rate | has("usage") and has("wait") and (.entitled >= 0) and .deficit >= 0))')" true
	[[ -z $(controller_version memory) ]] ||
		assert_eq "$(json 'all(.memory.usage > 0 and .memory.limit == 67108864)')" true
	[[ -z $(controller_version pids) ]] || assert_eq "$(json 'all(.pids == {current: 2, limit: 50})')" true
}

@test "stats: the wait is what a program inside has lost" {
	on_cpu 1024
	mkfifo "$ROOTFS/go"
	cp "$(tool spinner)" "$ROOTFS/bin/spinner"
	payload spinner /go 700
	run_detached
	script 'while :; do :; done'
	another rival
	local before after wall lost
	before=$(total "$ID" wait)
	: >"$ROOTFS/go"
	wait_until has_text ' ' "$OUT"
	after=$(total "$ID" wait)
	read -r wall lost _ <"$OUT"
	echo "inside: $lost of $wall ns lost; hull: $((after - before))"
	between "$lost" 100000000 "$wall"
	between "$((after - before)) / $lost" 0.8 1.2
	[[ -z $CGROUP2 || ! -e $CGROUP2/cpu.pressure ]] ||
		between "$(total "$ID" full) / $after" 0.8 1.2
}

@test "stats: the wait of processes that live too short to be seen" {
	need_pressure
	on_cpu 1024
	script 'while :; do (:); (:); (:); done'
	run_detached
	script 'while :; do :; done'
	another rival
	local before after
	before=$(total "$ID" some)
	try hull stats --count 4 --interval 150ms --format json "$ID"
	after=$(total "$ID" some)
	assert_ok
	# Pressure is the lower bound, whoever has died.
	between "$(json 'map(.cpu.rate.wait * .interval) | add') / $(json 'map(.cpu.rate.some * .interval) | add')" 0.95 1.6
	between "$after - $before" 100000000 1000000000000
}

@test "stats: shares by weight" {
	on_cpu 1024
	script 'while :; do :; done'
	run_detached
	on_cpu 3072
	another b
	try hull stats --count 1 --interval 400ms --format json
	assert_ok
	# v2 has no weights that are exactly 1:3 for these shares: what it has is in the files.
	local mine theirs
	mine=$(limit "$(pid_of)" cpu cpu.shares cpu.weight)
	theirs=$(limit "$(pid_of "$ID-b")" cpu cpu.shares cpu.weight)
	between "$(json '(.[1].cpu.rate.entitled / .[0].cpu.rate.entitled)') / ($theirs / $mine)" 0.99 1.01
	assert_eq "$(json 'all(.cpu.rate | .entitled > 0 and .entitled <= 1.001 and .usage > 0 and .wait > 0)')" true
}

@test "stats: a quota throttles and caps what one is entitled to" {
	need_controller cpu
	# So little that it is reached on a machine that has much else to do.
	config '.linux.resources.cpu = {quota: 1000, period: 50000}'
	script 'while :; do :; done'
	run_detached
	try hull stats --count 1 --interval 300ms --format json
	assert_ok
	assert_eq "$(json '.[0].cpu | .rate.throttled > 0.1 and .total.throttledPeriods > 0 and .rate.wait >= .rate.throttled * 0.5
		and .rate.entitled <= 0.0201')" true
}

@test "stats: containers come, end and go while it runs" {
	run_sleeper
	stream
	wait_until has_text "\"$ID\"" "$STREAM"
	another b
	wait_until has_text "\"$ID-b\"" "$STREAM"
	hull kill "$ID" TERM
	wait_status stopped
	# Its folder and group are still there.
	wait_until only_b
	hull delete "$ID"
	hull delete --force "$ID-b"
	run_sleeper
	wait_until eval '[[ $(tail -n 1 "$STREAM" | jq -r .id) == "$ID" ]]'
	kill "$WATCHER"
	wait "$WATCHER" || fail "exit code $?" "$(<"$STREAM.err")"
	assert_eq "$(<"$STREAM.err")" ""
}
only_b() { [[ $(tail -n 4 "$STREAM" | jq -rs 'map(.id) | unique | join(" ")') == "$ID-b" ]]; }

@test "stats: named containers, until the last of them has ended" {
	run_sleeper
	another b
	stream "$ID" "$ID-b"
	wait_until has_text "\"$ID-b\"" "$STREAM"
	hull kill "$ID" TERM
	wait_until only_b
	hull kill "$ID-b" TERM
	wait_until is_gone "$WATCHER"
	wait "$WATCHER"
	assert_eq "$(<"$STREAM.err")" ""
}

# Of the program without sanitizers, whose allocator keeps what was freed for a while.
@test "stats: its memory does not grow from sample to sample" {
	local before after
	[[ $HULL != *sanitize* ]] || skip "the sanitizer keeps freed memory"
	run_sleeper
	stream --interval 20ms
	lines_are() { (($(wc -l <"$STREAM") >= $1)); }
	memory_is() { sed -n 's/^RssAnon:\s*\([0-9]*\) kB/\1/p' "/proc/$WATCHER/status"; }
	wait_until lines_are 20
	before=$(memory_is)
	wait_until lines_are 120
	after=$(memory_is)
	kill "$WATCHER"
	((after <= before + 8)) || fail "RssAnon: from $before kB to $after kB"
}

@test "stats: threads in groups that the container has made count" {
	[[ -n $CGROUP2 ]] || skip "a group of the container's own takes v2"
	run_sleeper
	local pid group
	pid=$(pid_of)
	group=$CGROUP2$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
	mkdir "$group/below"
	while read -r pid; do
		echo "$pid" >"$group/below/cgroup.procs"
	done <<<"$(<"$group/cgroup.procs")"
	try hull stats --count 1 --interval 20ms --format json
	assert_ok
	assert_eq "$(json '.[0] | .id, .cpu.waitOf')" "$ID"$'\n'run_delay
}

@test "stats: tenants share first, their containers second" {
	local one=a-${ID,,} two=b-${ID,,}
	export HULL_TENANTS=$BATS_TEST_TMPDIR/etc/tenants.json
	on_cpu 1024
	script 'while :; do :; done'
	hull tenant set "$one" --weight 100
	hull tenant set "$two" --weight 300
	hull run --detach --tenant "$one" "$ID" </dev/null
	hull run --detach --tenant "$one" "$ID-b" </dev/null
	hull run --detach --tenant "$two" "$ID-c" </dev/null
	try hull stats --count 1 --interval 400ms --format json --tenants
	assert_ok
	assert_eq "$(json 'map(.tenant, .containers) | join(" ")')" "$one 2 $two 1"
	between "$(json '.[1].cpu.rate.entitled / .[0].cpu.rate.entitled')" 2.97 3.03
	assert_eq "$(json 'all(.cpu.total.usage > 0 and .cpu.total.wait > 0 and .pids.current > 0)')" true
	try hull stats --count 1 --interval 400ms --format json
	assert_ok
	assert_eq "$(json 'map(.tenant) | join(" ")')" "$one $one $two"
	between "$(json '.[2].cpu.rate.entitled / .[0].cpu.rate.entitled')" 5.9 6.1
	try hull stats --no-stream --interval 20ms --tenants --format table
	assert_eq "$(awk 'NR > 2 {print $1, $2}' <<<"$output")" "$one 2"$'\n'"$two 1"
}

@test "stats: OpenMetrics as its specification has it" {
	run_sleeper
	another b
	try hull stats --format openmetrics --interval 20ms
	assert_ok
	assert_eq "$(tail -n 1 <<<"$output")" "# EOF"
	"$PYTHON" "$BATS_TEST_DIRNAME/openmetrics.py" <<<"$output" >"$BATS_TEST_TMPDIR/families"
	local name
	for name in 'cpu_usage_seconds counter seconds' 'cpu_throttled_seconds counter seconds' \
		'cpu_deficit_cpus gauge cpus' 'threads gauge '; do
		grep -qx "hull_container_$name 2" "$BATS_TEST_TMPDIR/families" || fail "no $name" "$output"
	done
	grep -qx 'hull_host_cpus gauge cpus 1' "$BATS_TEST_TMPDIR/families"
	assert_eq "$(grep -c "^hull_container_cpu_usage_seconds_total{id=\"$ID\"} [0-9.]*[1-9]" <<<"$output")" 1
}

@test "stats: a table on a terminal, redrawn in place, narrow ones too" {
	run_sleeper
	on_terminal --size 10x40 stats --interval 20ms --count 3
	assert_ok
	local sequence=$'\033'
	assert_eq "$(grep -o "$sequence\[3A" <<<"$output" | wc -l)" 2
	[[ $output == *"${sequence}[?25l"*"${sequence}[?25h"* ]] || fail "the cursor is not hidden and shown"
	output=$(tr -d '\033' <<<"$output" | sed 's/\[[?0-9]*[A-Za-z]//g')
	assert_eq "$(awk 'length > 40' <<<"$output")" ""
	assert_has 'CPU' 'WAIT'
	assert_lacks PIDS
	on_terminal --size 10x120 stats --interval 20ms --count 1
	assert_has 'ENTITLED' 'DEFICIT' 'PIDS' "$ID"
}

@test "stats: more containers than lines" {
	run_sleeper
	local name
	for name in b c d; do another "$name"; done
	on_terminal --size 5x100 stats --interval 20ms --count 2
	assert_ok
	assert_has "(and 3 more)"
}

@test "stats: a picture in the terminal and one to keep" {
	script 'while :; do :; done'
	run_detached
	COLUMNS=60 LC_ALL=C.UTF-8 try hull stats --plot --count 5 --interval 30ms --svg "$BATS_TEST_TMPDIR/x.svg"
	assert_ok
	assert_has "filled: CPU used" "deficit" "${ID:0:16}" 0s
	grep -qP '[\x{2801}-\x{28ff}]' <<<"$output"
	"$PYTHON" - "$BATS_TEST_TMPDIR/x.svg" "$ID" <<-'END'
		import sys, xml.etree.ElementTree as tree
		root = tree.parse(sys.argv[1]).getroot()
		assert root.tag == "{http://www.w3.org/2000/svg}svg", root.tag
		titles = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")]
		assert titles.count(sys.argv[2]) == 2, titles
		areas = list(root.iter("{http://www.w3.org/2000/svg}path"))
		assert len(areas) == 3 and areas[0].get("d").count(",") == 10, areas
	END
	COLUMNS=60 LC_ALL=C try hull stats --plot --count 2 --interval 20ms
	assert_ok
	assert_eq "$(LC_ALL=C grep -cP '[^\x00-\x7f]' <<<"$output")" 0
}

@test "stats: nothing runs" {
	try hull stats --count 2 --interval 10ms
	assert_ok
	assert_output ''
	try hull stats --format openmetrics --interval 10ms
	assert_ok
	assert_has '# EOF'
	try hull stats --plot --count 1 --interval 10ms
	assert_output 'No container runs.'
}

@test "stats: a container without a cgroup is there, with what is known" {
	script 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	hull --cgroup-manager disabled run --detach "$ID" </dev/null >>"$OUT"
	try hull stats --count 1 --interval 10ms
	assert_ok
	assert_has "id=$ID cpu=- wait=-"
	try hull stats --count 1 --interval 10ms --format json
	assert_eq "$(json '.[0] | .id, .cpu.rate')" "$ID"$'\n'null
	hull kill "$ID" KILL
	wait_status stopped
}

@test "stats: what makes no sense is refused" {
	run_sleeper
	local word
	for word in 0 0s -1s x 1ms ''; do
		try hull stats --count 1 --interval "$word"
		assert_error interval
	done
	try hull stats --format xml
	assert_error format xml
	try hull stats --plot --format json
	assert_error plot
	try hull stats --count 1 --svg "$BATS_TEST_TMPDIR/none/x.svg"
	assert_error svg none/x.svg
	try hull stats "$ID" "$ID-none"
	assert_error "does not exist" "$ID-none"
	try hull stats ../x
	assert_error x
	hull kill "$ID" TERM
	wait_status stopped
	try hull stats "$ID"
	assert_error "not running"
}

@test "events: stolen time beside runc's statistics" {
	run_sleeper
	try hull events --stats "$ID"
	assert_ok
	assert_eq "$(jq -c '.data.hull | [(.cpu.total.usage > 0), .cpu.waitOf, (.cpu | has("rate")), (.host.cpus > 0)]' \
		<<<"$output")" '[true,"run_delay",false,true]'
	assert_eq "$(jq -c '.data.cpu | keys_unsorted[0:2]' <<<"$output")" '["usage","throttling"]'
}
