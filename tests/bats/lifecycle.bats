#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# create, start, state, kill, delete, run, list, ps, pause, resume: a container's life as seen in
# its exit code, its state and /proc.

load setup

# ---- run ---------------------------------------------------------------------------------------

@test "run: prints what the container prints and deletes it" {
	run_script 'echo out; echo err >&2'
	assert_ok
	assert_output out
	assert_eq "$stderr" err
	try hull state "$ID"
	assert_status 1
	assert_nothing_left
}

@test "run: passes standard input" {
	printf 'one\ntwo\n' >"$BATS_TEST_TMPDIR/input"
	payload cat
	INPUT=$BATS_TEST_TMPDIR/input try hull run "$ID"
	assert_ok
	assert_output $'one\ntwo'
}

@test "run: the exit code is the container's" {
	local code
	for code in 1 2 42 125 126 127 255; do
		run_script "exit $code"
		assert_status "$code"
		assert_nothing_left
	done
}

@test "run: a signal is 128 + its number" {
	local signal
	without_namespace pid
	for signal in 15:TERM 11:SEGV 9:KILL 10:USR1; do
		run_script "kill -${signal#*:} \$\$"
		assert_status $((128 + ${signal%:*}))
		assert_nothing_left
	done
}

@test "run: a large output arrives whole" {
	payload seq 1 100000
	try hull run "$ID"
	assert_ok
	assert_eq "$(cksum <<<"$output")" "$(seq 1 100000 | cksum)"
}

@test "run: signals sent to hull reach the container" {
	script 'trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 1000 & wait $!; done'
	env "$MARK" "$HULL" --root "$STATE" run "$ID" >"$OUT" 2>&1 3>&- 4>&- </dev/null &
	local pid=$! code=0
	wait_until has_text ready "$OUT"
	kill -TERM "$pid"
	wait "$pid" || code=$?
	assert_eq "$code" 7
	has_text caught "$OUT"
	assert_nothing_left
}

@test "run: a container killed from outside is 137" {
	payload sleep 1000
	env "$MARK" "$HULL" --root "$STATE" run "$ID" >"$OUT" 2>&1 3>&- 4>&- </dev/null &
	local pid=$! code=0
	wait_until has_status running 2>/dev/null
	hull kill "$ID" KILL
	wait "$pid" || code=$?
	assert_eq "$code" 137
	assert_nothing_left
}

@test "run: orphans of the container die with it" {
	run_script 'sleep 1000 & setsid sleep 1000 & sleep 1000 >/dev/null 2>&1 & exit 3'
	assert_status 3
	assert_nothing_left
}

@test "run --detach: hull returns, the container runs" {
	run_sleeper
	assert_eq "$(status_of)" running
	kill -0 "$(pid_of)"
}

@test "run -d is run --detach" {
	script 'echo started; sleep 1000'
	try hull run -d "$ID"
	assert_ok
	assert_eq "$(status_of)" running
}

@test "run --keep: the container stays until it is deleted" {
	script 'exit 5'
	try hull run --keep "$ID"
	if $PEER && [[ $stderr == *keep* ]]; then skip "no --keep"; fi
	assert_status 5
	assert_eq "$(status_of)" stopped
	hull delete "$ID"
	assert_nothing_left
}

@test "run --bundle: from another directory, by an absolute or relative path" {
	local option
	payload echo here
	cd "$BATS_TEST_TMPDIR"
	for option in "--bundle $BUNDLE" "--bundle bundle" "-b ./bundle/" "--bundle=bundle"; do
		# shellcheck disable=SC2086 # two words
		try hull run $option "$ID"
		assert_ok
		assert_output here
	done
}

@test "run: options may follow the id's place as engines put them" {
	payload echo here
	cd /
	try hull run --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" --no-new-keyring "$ID"
	assert_ok
	assert_output here
}

@test "run --no-pivot: the container's root is still its rootfs" {
	run_script 'ls /'
	local pivoted=$output
	try hull run --no-pivot "$ID"
	assert_ok
	assert_output "$pivoted"
}

# ---- create and start ----------------------------------------------------------------------------

@test "create: the container waits; start: it executes" {
	script 'echo ran >/ran; sleep 1000'
	create_container
	assert_eq "$(status_of)" created
	[[ ! -e $ROOTFS/ran ]]
	hull start "$ID"
	assert_eq "$(status_of)" running
	wait_until has_text ran "$ROOTFS/ran"
}

@test "create, start: the pid does not change" {
	script 'sleep 1000'
	create_container
	local pid
	pid=$(pid_of)
	hull start "$ID"
	assert_eq "$(pid_of)" "$pid"
	wait_until has_text sleep "/proc/$pid/comm"
}

@test "create: what config.json says later does not matter" {
	script 'echo first; sleep 1000'
	create_container
	script 'echo second; sleep 1000'
	echo 'no json' >config.json
	hull start "$ID"
	wait_until has_text first "$OUT"
	rm config.json
	assert_eq "$(status_of)" running
	hull kill "$ID" KILL
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
}

@test "create: the state directory holds what is promised" {
	if $PEER; then skip "hull's own layout"; fi
	script 'sleep 1000'
	create_container
	local dir=$STATE/$ID
	assert_eq "$(jq -r .id "$dir/state.json")" "$ID"
	cmp "$dir/config.json" config.json
	[[ -p $dir/exec.fifo ]]
	[[ -e $dir/lock ]]
	# Nobody else may list it, and nothing half-written lies about.
	[[ $(stat -c %a "$dir") == 7[01][01] ]]
	assert_eq "$(find "$dir" -mindepth 1 -printf '%f\n' | sort | xargs)" \
		"config.json exec.fifo lock state.json"
}

@test "create --pid-file: the pid, for create, run and relative paths" {
	local file=$BATS_TEST_TMPDIR/pid
	script 'sleep 1000'
	create_container --pid-file "$file"
	assert_eq "$(cat "$file")" "$(pid_of)"
	assert_eq "$(wc -l <"$file")" 0
	hull delete --force "$ID"
	run_detached --pid-file relative.pid
	assert_eq "$(cat relative.pid)" "$(pid_of)"
}

@test "create --pid-file: a failed create leaves no pid file" {
	payload /no/such/program
	try hull create --pid-file "$BATS_TEST_TMPDIR/pid" "$ID"
	assert_status 1
	[[ ! -e $BATS_TEST_TMPDIR/pid ]]
	assert_nothing_left
}

@test "create: an unwritable pid file fails and leaves nothing" {
	payload true
	try hull create --pid-file "$BATS_TEST_TMPDIR/missing/pid" "$ID"
	assert_error missing/
	assert_nothing_left
}

@test "create: an id in use is refused and its container unharmed" {
	run_sleeper
	local pid
	pid=$(pid_of)
	try hull create "$ID"
	assert_error exist
	try hull run "$ID"
	assert_error exist
	assert_eq "$(status_of)" running
	assert_eq "$(pid_of)" "$pid"
	kill -0 "$pid"
}

@test "create: an id is free again after delete" {
	script 'sleep 1000'
	for _ in 1 2 3; do
		create_container
		hull delete --force "$ID"
		assert_nothing_left
	done
	run_script 'echo again'
	assert_output again
}

@test "start: only once" {
	run_sleeper
	try hull start "$ID"
	assert_error "$($PEER || echo running)"
	assert_eq "$(status_of)" running
}

@test "start: not after the container has stopped" {
	payload true
	run_detached
	wait_status stopped
	try hull start "$ID"
	assert_error stopped
}

@test "start: the container that ends at once is stopped, with pid 0" {
	payload true
	create_container
	hull start "$ID"
	wait_status stopped
	assert_eq "$(pid_of)" 0
	hull delete "$ID"
	assert_nothing_left
}

# ---- state ---------------------------------------------------------------------------------------

@test "state: every field" {
	config '.annotations = {"org.example.key": "some value", "empty": ""}'
	script 'sleep 1000'
	local before after created
	before=$(date +%s)
	create_container
	after=$(date +%s)
	hull state "$ID" >state.json
	assert_eq "$(jq -r .id state.json)" "$ID"
	assert_eq "$(jq -r .status state.json)" created
	assert_eq "$(jq -r .bundle state.json)" "$BUNDLE"
	assert_eq "$(jq -r .rootfs state.json)" "$ROOTFS"
	[[ $(jq -r .ociVersion state.json) =~ ^1\.[0-9]+\.[0-9]+ ]]
	assert_eq "$(jq -r '.annotations["org.example.key"]' state.json)" "some value"
	assert_eq "$(jq -r .annotations.empty state.json)" ""
	assert_eq "$(jq -r '.owner | type' state.json)" string
	grep -q "$ID" "/proc/$(jq -r .pid state.json)/cgroup"
	created=$(jq -r .created state.json)
	[[ $created =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$ ]]
	created=$(date -d "$created" +%s)
	((created >= before - 1 && created <= after + 1))
}

@test "state: follows the container through its life" {
	script 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	create_container
	assert_eq "$(status_of)" created
	hull start "$ID"
	assert_eq "$(status_of)" running
	hull pause "$ID"
	assert_eq "$(status_of)" paused
	hull resume "$ID"
	assert_eq "$(status_of)" running
	wait_until catches_term "$(pid_of)"
	hull kill "$ID"
	wait_status stopped
	assert_eq "$(pid_of)" 0
}

@test "state: a container that died unseen is stopped" {
	run_sleeper
	kill -KILL "$(pid_of)"
	wait_status stopped
	assert_eq "$(pid_of)" 0
	hull delete "$ID"
	assert_nothing_left
}

@test "state: another process with the container's old pid is not the container" {
	if $PEER; then skip "needs hull's state.json"; fi
	run_sleeper
	local pid
	pid=$(pid_of)
	kill -KILL "$pid"
	wait_status stopped
	# The kernel would give the pid to this process some day.
	sleep 1000 3>&- 4>&- &
	sed -i "s/\"pid\": *$pid\b/\"pid\":$!/" "$STATE/$ID/state.json"
	assert_eq "$(status_of)" stopped
	try hull kill "$ID" KILL
	assert_status 1
	hull delete --force "$ID"
	kill -0 $!
}

# ---- kill ----------------------------------------------------------------------------------------

@test "kill: names, names with SIG, numbers; TERM is the default" {
	local signal
	for signal in TERM SIGTERM 15 term ""; do
		run_sleeper
		# shellcheck disable=SC2086 # nothing at all for the default
		hull kill "$ID" $signal
		wait_status stopped
		hull delete "$ID"
	done
}

@test "kill: the container sees the signal that was sent" {
	local signal
	# shellcheck disable=SC2016 # for the shell inside
	script 'for s in HUP USR1 USR2 WINCH CONT; do trap "echo got-$s" $s; done
		echo ready; while :; do sleep 1000 & wait $!; done'
	run_detached
	wait_until has_text ready "$OUT"
	for signal in HUP SIGUSR1 12 WINCH CONT; do
		hull kill "$ID" "$signal"
	done
	for signal in HUP USR1 USR2 WINCH CONT; do
		wait_until has_text "got-$signal" "$OUT"
	done
}

@test "kill: real-time signals" {
	payload sleep 1000
	without_namespace pid
	run_detached
	hull kill "$ID" 34
	wait_status stopped
}

@test "kill: a created container" {
	script 'sleep 1000'
	create_container
	hull kill "$ID" KILL
	wait_status stopped
	try hull start "$ID"
	assert_error stopped
	hull delete "$ID"
	assert_nothing_left
}

@test "kill: wrong signals are refused and harm nothing" {
	local signal
	run_sleeper
	for signal in NOSUCH SIGNOSUCH -1 65 999 99999999999999999999 9x "9 9" ; do
		try hull kill "$ID" "$signal"
		assert_status 1
		[[ -n $stderr ]]
	done
	assert_eq "$(status_of)" running
}

@test "kill: a stopped container is an error in the engines' words" {
	payload true
	run_detached
	wait_status stopped
	try hull kill "$ID" KILL
	assert_error "not running"
}

@test "kill --all: every process of a container without a pid namespace" {
	without_namespace pid
	script 'sleep 1000 & setsid sleep 1000 & echo ready; wait'
	run_detached
	wait_until has_text ready "$OUT"
	hull kill --all "$ID" KILL
	wait_status stopped
	wait_until eval '[[ -z $(processes_of "$ID") ]]'
	hull delete "$ID"
	assert_nothing_left
}

@test "kill --all: what is left of a container whose first process has ended" {
	without_namespace pid
	script 'setsid sleep 1000 >/dev/null 2>&1 & exit 0'
	run_detached
	wait_status stopped
	try hull kill "$ID" TERM
	assert_error "not running"
	[[ -n $(processes_of "$ID") ]]
	hull kill --all "$ID" TERM
	wait_until eval '[[ -z $(processes_of "$ID") ]]'
	hull kill --all "$ID" KILL
	hull delete "$ID"
}

@test "kill: signal 0 asks whether it runs" {
	run_sleeper
	hull kill "$ID" 0
	hull kill --all "$ID" 0
	hull kill "$ID" KILL
	wait_status stopped
	try hull kill "$ID" 0
	assert_error "not running"
}

# several SUFFIX...: a container that runs for each.
several() {
	local suffix
	script 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	for suffix; do
		detached run --detach "$ID-$suffix"
		wait_until catches_term "$(state_member '"pid": *([0-9]+)' "$ID-$suffix")" "$ID-$suffix"
	done
}

@test "kill --regex: every container whose id it describes" {
	several a1 a2 b1
	hull kill --regex -- "-a[0-9]+\$" TERM
	wait_status stopped "$ID-a1"
	wait_status stopped "$ID-a2"
	assert_eq "$(status_of "$ID-b1")" running
	# Those that have ended are none that fails.
	hull kill -r "$ID-.*" KILL
	wait_status stopped "$ID-b1"
	try hull kill --regex '(' KILL
	assert_error regex
	try hull kill --regex '' KILL
	assert_error regex
	hull delete --regex "^$ID-"
	assert_nothing_left
}

@test "delete --regex: what cannot be deleted is named, the others go" {
	several a1 a2 b1
	hull kill "$ID-a1" KILL
	wait_status stopped "$ID-a1"
	try hull delete --regex "^$ID-a"
	assert_status 1
	[[ $stderr == *"$ID-a2: "*running* && $stderr == *"1 of 2"* ]] || report "the message"
	assert_eq "$(hull list -q)" "$ID-a2"$'\n'"$ID-b1"
	hull delete --force --regex "^$ID-"
	assert_eq "$(hull list -q)" ""
	assert_nothing_left
	hull delete --force --regex "^$ID-"
}

# ---- delete --------------------------------------------------------------------------------------

@test "delete: a running container is refused" {
	run_sleeper
	try hull delete "$ID"
	assert_error running
	assert_eq "$(status_of)" running
}

@test "delete: a created container is refused" {
	if $PEER; then skip "others kill it"; fi
	payload true
	create_container
	try hull delete "$ID"
	assert_error created
	assert_eq "$(status_of)" created
}

@test "delete: a paused container is refused" {
	run_sleeper
	hull pause "$ID"
	try hull delete "$ID"
	assert_error paused
	assert_eq "$(status_of)" paused
}

@test "delete --force: created, running, paused, stopped" {
	script 'sleep 1000'
	create_container
	hull delete --force "$ID"
	assert_nothing_left

	run_detached
	hull delete -f "$ID"
	assert_nothing_left

	run_detached
	hull pause "$ID"
	hull delete --force "$ID"
	assert_nothing_left

	payload true
	run_detached
	wait_status stopped
	hull delete --force "$ID"
	assert_nothing_left
}

@test "delete --force: a container without a pid namespace dies whole" {
	without_namespace pid
	script 'sleep 1000 & setsid sleep 1000 & (setsid sh -c "sleep 1000 & wait" &) ; echo ready; wait'
	run_detached
	wait_until has_text ready "$OUT"
	hull delete --force "$ID"
	assert_nothing_left
}

@test "delete --force: processes that have outlived the container" {
	without_namespace pid
	script 'setsid sleep 1000 >/dev/null 2>&1 & exit 0'
	run_detached
	wait_status stopped
	hull delete --force "$ID"
	assert_nothing_left
}

@test "delete --force: processes that ignore everything" {
	script 'trap "" TERM INT HUP; echo ready; while :; do sleep 1000; done'
	run_detached
	wait_until has_text ready "$OUT"
	hull delete --force "$ID"
	assert_nothing_left
}

@test "delete --force: nested groups of the container go, frozen or not" {
	run_sleeper
	local dir
	dir=$(cgroup_dir "$(pid_of)" freezer)
	mkdir "$dir/inner"
	sleep 1000 3>&- 4>&- &
	echo $! >"$dir/inner/cgroup.procs"
	if [[ -e $dir/inner/freezer.state ]]; then
		echo FROZEN >"$dir/inner/freezer.state"
	else
		echo 1 >"$dir/inner/cgroup.freeze"
	fi
	hull delete --force "$ID"
	assert_nothing_left
}

@test "delete --force: a process that cannot be killed is named; once it ends, all goes" {
	[[ -c /dev/fuse ]] || skip "no FUSE on this machine"
	local silent=$BATS_TEST_TMPDIR/silent server inner hold
	mkdir "$silent"
	# It ends when this shell does, at the latest.
	mkfifo "$silent.in"
	exec {hold}<>"$silent.in"
	"$PYTHON" "$BATS_TEST_DIRNAME/fuse_silent.py" "$silent" "$silent.asked" <"$silent.in" \
		3>&- 4>&- {hold}>&- &
	server=$!
	cleanup_later "kill $server 2>/dev/null; umount -l $silent 2>/dev/null"
	wait_until mountpoint -q "$silent"
	mount_add /silent bind "$silent" bind
	payload cat /silent/name
	run_detached
	inner=$(pid_of)
	wait_until test -e "$silent.asked"
	try hull delete --force "$ID"
	assert_error "process $inner (cat)" "state D" "cannot be killed"
	[[ -e $STATE/$ID/state.json ]]
	assert_eq "$(hull list -q)" "$ID"
	kill "$server"
	wait "$server" || true
	umount "$silent"
	hull delete --force "$ID"
	assert_nothing_left
}

@test "delete --force: a group above that is frozen on v1 is named; once it is thawed, all goes" {
	[[ $(controller_version freezer) == 1 ]] || skip "v2 lets even frozen processes die"
	local dir=/sys/fs/cgroup/freezer/$ID-above
	mkdir "$dir"
	cleanup_later "find /sys/fs/cgroup -depth -type d -name $ID-above -exec rmdir {} +"
	config --arg p "/$ID-above/inner" '.linux.cgroupsPath = $p'
	run_sleeper
	echo FROZEN >"$dir/freezer.state"
	try hull delete --force "$ID"
	echo THAWED >"$dir/freezer.state"
	assert_error "process " "frozen by /sys/fs/cgroup/freezer/$ID-above/inner"
	[[ -e $STATE/$ID/state.json ]]
	hull delete --force "$ID"
}

@test "delete: an unknown container is an error, with --force it is none" {
	try hull delete "$ID"
	assert_error "does not exist"
	try hull delete --force "$ID"
	assert_ok
	assert_eq "$stderr" ""
	try hull delete -f "$ID"
	assert_ok
}

@test "delete: the bundle is not touched" {
	cp -a config.json "$BATS_TEST_TMPDIR/before.json"
	find "$BUNDLE" | sort >"$BATS_TEST_TMPDIR/before"
	payload true
	cp config.json "$BATS_TEST_TMPDIR/before.json"
	run_detached
	wait_status stopped
	hull delete "$ID"
	find "$BUNDLE" | sort | diff "$BATS_TEST_TMPDIR/before" - ||
		fail "the bundle has changed"
	cmp config.json "$BATS_TEST_TMPDIR/before.json"
}

# ---- list ----------------------------------------------------------------------------------------

@test "list: table, -q, -f json" {
	script 'sleep 1000'
	create_container
	ID=$ID-second run_detached
	try hull list
	assert_ok
	[[ ${output%%$'\n'*} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER ]]
	[[ $output =~ $ID\ +[1-9][0-9]*\ +created\ +$BUNDLE ]]
	[[ $output =~ $ID-second\ +[1-9][0-9]*\ +running\ +$BUNDLE ]]

	try hull list -q
	assert_eq "$(sort <<<"$output")" "$ID"$'\n'"$ID-second"
	try hull list --quiet
	assert_line "$ID" "$ID-second"

	try hull list --format json
	assert_eq "$(jq -r 'map(.id) | sort | join(" ")' <<<"$output")" "$ID $ID-second"
	assert_eq "$(jq -r --arg id "$ID" '.[] | select(.id == $id) | .status' <<<"$output")" created
	assert_eq "$(jq --arg id "$ID" '.[] | select(.id == $id) | .pid' <<<"$output")" "$(pid_of)"
	assert_eq "$(jq -r '.[0] | .bundle' <<<"$output")" "$BUNDLE"
	assert_eq "$(jq -c '.[0] | [has("owner", "created", "ociVersion", "rootfs")]' <<<"$output")" \
		'[true,true,true,true]'
}

@test "list: nothing there" {
	try hull list
	assert_ok
	[[ $output != *$'\n'* ]]
	try hull list -q
	assert_ok
	assert_output ""
	try hull list -f json
	assert_ok
	assert_eq "$(jq length <<<"$output")" 0
}

@test "list: stopped containers are listed with pid 0" {
	payload true
	run_detached
	wait_status stopped
	assert_eq "$(hull list -f json | jq -c '.[0] | [.status, .pid]')" '["stopped",0]'
}

@test "list: an unknown format is refused" {
	try hull list --format yaml
	assert_error format
}

@test "list: other things in the state directory do not matter" {
	run_sleeper
	mkdir "$STATE/.hidden" "$STATE/broken"
	touch "$STATE/file"
	try hull list -q
	assert_ok
	assert_line "$ID"
	rm -r "$STATE/.hidden" "$STATE/broken" "$STATE/file"
}

# ---- ps ------------------------------------------------------------------------------------------

@test "ps: json is an array of the host's pids" {
	script 'sleep 1000 & sleep 1000 & echo ready; wait'
	run_detached
	wait_until has_text ready "$OUT"
	try hull ps --format json "$ID"
	assert_ok
	assert_eq "$(jq length <<<"$output")" 3
	assert_eq "$(jq "index($(pid_of)) != null" <<<"$output")" true
	assert_eq "$(jq -r 'sort[]' <<<"$output")" "$(processes_of "$ID")"
}

@test "ps: the table has a header and every process" {
	script 'sleep 1000 & echo ready; wait'
	run_detached
	wait_until has_text ready "$OUT"
	try hull ps "$ID"
	assert_ok
	[[ ${output%%$'\n'*} == *PID* ]]
	assert_eq "$(wc -l <<<"$output")" 3
	grep -qw "$(pid_of)" <<<"$output"
}

@test "ps: options for ps(1), behind -- or not" {
	run_sleeper
	local words
	for words in "-- -o pid,comm" "-o pid,comm"; do
		# shellcheck disable=SC2086 # words
		try hull ps "$ID" $words
		assert_ok
		[[ ${output%%$'\n'*} =~ ^\ *PID\ +COMMAND ]] || report "the header"
		[[ $output == *"$(pid_of) sh"* ]] || report "the process"
	done
}

@test "ps: a created container has its one process" {
	script 'sleep 1000'
	create_container
	assert_eq "$(hull ps -f json "$ID" | jq -c .)" "[$(pid_of)]"
}

# ---- pause and resume ------------------------------------------------------------------------------

@test "pause: nothing moves until resume" {
	script 'n=0; while :; do echo $((n += 1)); usleep 1000; done'
	run_detached
	wait_until has_text 3 "$OUT"
	hull pause "$ID"
	assert_eq "$(status_of)" paused
	local size
	size=$(stat -c %s "$OUT")
	nap 0.1
	assert_eq "$(stat -c %s "$OUT")" "$size"
	hull resume "$ID"
	assert_eq "$(status_of)" running
	wait_until eval "[[ \$(stat -c %s '$OUT') -gt $size ]]"
}

@test "pause: the freezer's own word, from outside" {
	# In a hybrid tree either of the two freezers will do.
	frozen_groups() {
		find /sys/fs/cgroup -path "*$ID*" \( -name freezer.state -o -name cgroup.events \) -exec \
			grep -lxE 'FROZEN|frozen 1' {} + || true
	}
	run_sleeper
	hull pause "$ID"
	frozen_groups | grep -q .
	hull resume "$ID"
	assert_eq "$(frozen_groups)" ""
}

@test "pause, resume: wrong states" {
	try hull pause "$ID"
	assert_error "does not exist"
	try hull resume "$ID"
	assert_error "does not exist"
	run_sleeper
	try hull resume "$ID"
	assert_error resume
	hull pause "$ID"
	try hull pause "$ID"
	assert_status 1
	hull delete --force "$ID"

	payload true
	run_detached
	wait_status stopped
	try hull pause "$ID"
	assert_error
	try hull resume "$ID"
	assert_error resume
}

@test "messages: the words by which engines and scripts know what is wrong" {
	if $PEER; then skip "the words are checked in hull"; fi
	try hull state "$ID"
	assert_error "container does not exist" "$ID"
	try hull exec "$ID" true
	assert_error --code 255 "container does not exist" "$ID"
	payload true
	create_container
	try hull create "$ID"
	assert_error "container with given ID already exists" "$ID"
	hull start "$ID"
	wait_status stopped
	try hull kill "$ID" KILL
	assert_error "container not running" "$ID"
	try hull exec "$ID" true
	assert_error --code 255 "cannot exec in a stopped container" "$ID"
	hull delete "$ID"
	run_sleeper
	try hull delete "$ID"
	assert_error "cannot delete container $ID that is not stopped: running"
	hull pause "$ID"
	try hull exec "$ID" true
	assert_error --code 255 "cannot exec in a paused container" "$ID"
}

@test "kill KILL: ends a paused container" {
	run_sleeper
	hull pause "$ID"
	hull kill "$ID" KILL
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
}

# ---- ids and unknown containers ----------------------------------------------------------------------

@test "ids: letters, digits and _+.- up to 255 characters" {
	local long id
	long=$ID-$(printf 'x%.0s' {1..255})
	payload true
	for id in "$ID" "$ID.a_b+c-d" "$ID-" "${long:0:255}" "_$ID" "+$ID" "9$ID"; do
		try hull run "$id"
		assert_ok
	done
}

@test "ids: everything else is refused before anything is made" {
	if $PEER; then skip "others take '.hidden' for an id"; fi
	local long id command
	long=$(printf 'x%.0s' {1..2000})
	payload true
	for id in "" . .. .hidden ../escape a/b / /abs 'a b' 'a*b' $'a\nb' 'ä' 'a:b' 'a@b' "${long:0:256}" "$long" ; do
		for command in create run; do
			try hull "$command" "$id"
			assert_status 1
			[[ -n $stderr ]] || report "no message for id '$id'"
			$PEER || [[ $stderr != *$'\n'* ]] || report "more than one line for id '$id'"
			[[ -z $id || ${#id} -gt 255 ]] || assert_error "container id" "invalid character"
		done
		for command in state start "delete --force"; do
			# shellcheck disable=SC2086 # two words
			try hull $command "$id"
			$PEER || assert_error id
		done
	done
	[[ ! -e $BATS_TEST_TMPDIR/escape && ! -e /run/escape ]]
	assert_nothing_left
	assert_eq "$(find "$STATE" -mindepth 1 2>/dev/null)" ""
}

@test "unknown containers: every command says so" {
	local command
	for command in state start kill delete pause resume ps "exec --cwd /"; do
		# shellcheck disable=SC2086 # words
		if [[ $command == exec* ]]; then
			try hull $command "$ID" true
			assert_error --code 255 "does not exist"
		else
			try hull "$command" "$ID"
			assert_error "does not exist"
		fi
	done
	assert_nothing_left
}

# ---- --pidfd-socket ----------------------------------------------------------------------------------

pidfd_receiver() {
	rm -f "$BATS_TEST_TMPDIR/pidfd.sock"
	"$PYTHON" "$BATS_TEST_DIRNAME/recvpidfd.py" "$BATS_TEST_TMPDIR/pidfd.sock" >"$BATS_TEST_TMPDIR/pidfd" 3>&- 4>&- &
	wait_until test -S "$BATS_TEST_TMPDIR/pidfd.sock"
}

@test "pidfd socket: create, run and exec send what waits for their process" {
	script 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	pidfd_receiver
	create_container --pidfd-socket "$BATS_TEST_TMPDIR/pidfd.sock"
	wait_until has_text "standard $(pid_of)" "$BATS_TEST_TMPDIR/pidfd"
	hull start "$ID"
	wait_until catches_term "$(pid_of)"
	hull kill "$ID" TERM
	wait_until has_text ended "$BATS_TEST_TMPDIR/pidfd"
	hull delete "$ID"
	pidfd_receiver
	run_sleeper --pidfd-socket "$BATS_TEST_TMPDIR/pidfd.sock"
	wait_until has_text "standard $(pid_of)" "$BATS_TEST_TMPDIR/pidfd"
	pidfd_receiver
	try hull exec --detach --pid-file pid --pidfd-socket "$BATS_TEST_TMPDIR/pidfd.sock" "$ID" sleep 1000
	assert_ok
	wait_until has_text "setns $(<pid)" "$BATS_TEST_TMPDIR/pidfd"
}

@test "pidfd socket: by crun's annotation; nobody there is an error" {
	if $PEER; then skip "of crun and hull"; fi
	pidfd_receiver
	config --arg path "$BATS_TEST_TMPDIR/pidfd.sock" '.annotations = {"run.oci.pidfd_receiver": $path}'
	run_sleeper
	wait_until has_text "standard $(pid_of)" "$BATS_TEST_TMPDIR/pidfd"
	try hull exec --pidfd-socket "$BATS_TEST_TMPDIR/nobody.sock" "$ID" true
	assert_error --code 255 --pidfd-socket nobody.sock
	hull delete --force "$ID"
	try hull run --pidfd-socket "$BATS_TEST_TMPDIR/nobody.sock" "$ID"
	assert_error --pidfd-socket nobody.sock
	assert_nothing_left
}
