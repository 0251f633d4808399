#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# hull killed at any moment, hulls that work on one container at once: what is left can always be
# deleted, and nothing stays behind. HULL_KILL_ROUNDS says how often each command is killed.

load setup

ROUNDS=${HULL_KILL_ROUNDS:-40}

now() { printf '%s\n' "${EPOCHREALTIME/[.,]/}"; }

# background ARG...: hull, in the background; $HULL_PID is hull itself.
background() {
	env "$MARK" "$HULL" --root "$STATE" "$@" >>"$OUT" 2>&1 </dev/null 3>&- 4>&- &
	HULL_PID=$!
}

# duration ARG...: how many microseconds hull takes for this, the shortest of three.
duration() {
	local best=1000000 start n
	for n in 1 2 3; do
		eval "$PREPARE"
		start=$(now)
		background "$@"
		wait "$HULL_PID" || true
		n=$(($(now) - start))
		((n > best)) || best=$n
		hull delete --force "$ID"
	done
	printf '%s\n' "$best"
}

# random BELOW
random() { printf '%s\n' $(((RANDOM * 32768 + RANDOM) % $1)); }

# kill_rounds VICTIM ARG...: hull ARG... is started $ROUNDS times and killed after a random part of
# the time that it takes (before it begins, after it has ended, most often in between). VICTIM is
# hull itself or one of its children. $PREPARE runs before each round.
kill_rounds() {
	local victim=$1 total moment round child pid
	shift
	total=$(duration "$@")
	for ((round = 0; round < ROUNDS; round++)); do
		eval "$PREPARE"
		moment=$(random $((total * 5 / 4 + 1)))
		background "$@"
		nap "$(printf '0.%06d' "$moment")"
		pid=$HULL_PID
		if [[ $victim == child ]]; then
			child=$(cat "/proc/$HULL_PID/task/$HULL_PID/children" 2>/dev/null || true)
			pid=${child%% *}
		fi
		[[ -z $pid ]] || kill -KILL "$pid" 2>/dev/null || true
		wait "$HULL_PID" 2>/dev/null || true
		hull delete --force "$ID" || fail "round $round, killed after $moment of $total us"
		assert_nothing_left || fail "round $round, killed after $moment of $total us"
	done
}

# ---- kill -9 ---------------------------------------------------------------------------------------------

@test "create: killed at random moments" {
	script 'sleep 1000'
	PREPARE=:
	kill_rounds hull create "$ID"
}

@test "create: a child of hull killed at random moments" {
	script 'sleep 1000'
	PREPARE=:
	kill_rounds child create "$ID"
}

@test "create: killed with limits, a user namespace, hooks, devices and many mounts" {
	user_namespace
	script 'sleep 1000'
	mkdir "$BATS_TEST_TMPDIR/data"
	config --arg s "$BATS_TEST_TMPDIR/data" '.mounts += [range(20) | {destination: "/many/\(.)", type: "none",
			source: $s, options: ["bind", "ro"]}]
		| .linux.resources.memory = {limit: 67108864} | .linux.resources.pids = {limit: 50}
		| .hooks.createRuntime = [{path: "/bin/true"}] | .hooks.poststop = [{path: "/bin/true"}]'
	PREPARE=:
	kill_rounds hull create "$ID"
}

@test "create and delete in a tenant: killed at random moments" {
	local tenant=${ID,,} ROUNDS=$(((ROUNDS + 3) / 4))
	config --arg t "$tenant" '.annotations = {"hull.tenant": $t, "hull.tenant.weight": "50"}'
	payload sleep 1000
	PREPARE=:
	kill_rounds hull create "$ID"
	PREPARE=create_container
	kill_rounds hull delete --force "$ID"
	assert_eq "$(find /sys/fs/cgroup -type d -name "hull-tenant-$tenant")" ''
	[[ ! -e /run/hull/@tenants/$tenant ]]
}

@test "start: killed at random moments" {
	script 'sleep 1000'
	PREPARE=create_container
	kill_rounds hull start "$ID"
}

@test "run: killed at random moments" {
	payload true
	PREPARE=:
	kill_rounds hull run "$ID"
}

@test "delete: killed at random moments, running and stopped" {
	payload sleep 1000
	PREPARE=run_detached
	kill_rounds hull delete --force "$ID"
}

@test "exec: killed at random moments" {
	payload sleep 1000
	run_detached
	local before round total start
	before=$(hull ps -f json "$ID" | jq -c sort)
	start=$(now)
	hull exec "$ID" true
	total=$(($(now) - start))
	for ((round = 0; round < ROUNDS; round++)); do
		background exec "$ID" true
		nap "$(printf '0.%06d' "$(random "$total")")"
		kill -KILL "$HULL_PID" 2>/dev/null || true
		wait "$HULL_PID" 2>/dev/null || true
	done
	# The container is as it was, and can be used.
	processes() { [[ $(hull ps -f json "$ID" | jq -c sort) == "$before" ]]; }
	wait_until processes
	assert_eq "$(status_of)" running
	hull exec "$ID" true
}

@test "pause and resume: killed at random moments" {
	local ROUNDS=$((ROUNDS / 4 + 1))
	payload sleep 1000
	PREPARE=run_detached
	kill_rounds hull pause "$ID"
	PREPARE='run_detached; hull pause "$ID"'
	kill_rounds hull resume "$ID"
}

@test "create: killed while a hook runs and the container's process waits for it" {
	local kind
	for kind in prestart createRuntime createContainer; do
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		[[ $kind != createRuntime ]] || user_namespace
		payload sleep 1000
		touch "$BATS_TEST_TMPDIR/wait"
		config --arg k "$kind" --arg d "$BATS_TEST_TMPDIR" '.hooks[$k] = [{path: "/bin/sh", args: ["sh", "-c",
			"touch \($d)/started; while [ -e \($d)/wait ]; do sleep 0.02; done"]}]'
		background create "$ID"
		wait_until test -e "$BATS_TEST_TMPDIR/started"
		kill -KILL "$HULL_PID"
		wait "$HULL_PID" || true
		hull delete --force "$ID"
		rm "$BATS_TEST_TMPDIR/wait" "$BATS_TEST_TMPDIR/started"
		assert_nothing_left
	done
}

@test "create: killed hundreds of times, with a user namespace: no process waits for its dead hull" {
	# The moments that matter are short (a child that waits for its mappings, or for its release),
	# so there are many rounds, and one look at what is left at the end.
	local round total
	user_namespace
	payload sleep 1000
	PREPARE=:
	total=$(duration create "$ID")
	for ((round = 0; round < ROUNDS * 5; round++)); do
		background create "$ID"
		nap "$(printf '0.%06d' "$(random "$total")")"
		kill -KILL "$HULL_PID" 2>/dev/null || true
		wait "$HULL_PID" 2>/dev/null || true
		HULL_TIMEOUT=10 hull delete --force "$ID" || fail "round $round"
	done
	assert_nothing_left
}

@test "the container's process killed while it waits for start" {
	script 'sleep 1000'
	create_container
	kill -KILL "$(pid_of)"
	wait_status stopped
	try hull start "$ID"
	assert_error stopped
	hull delete "$ID"
	assert_nothing_left
}

# ---- damaged state -----------------------------------------------------------------------------------------

@test "state: an empty, truncated or wrong state.json can be deleted with --force" {
	if $PEER; then skip "hull's own layout"; fi
	local damage
	payload sleep 1000
	for damage in ': >' 'echo "{" >' 'echo "[]" >' 'rm' 'head -c 1000 /dev/urandom >'; do
		create_container
		eval "$damage \"$STATE/$ID/state.json\""
		try hull delete --force "$ID"
		assert_ok
		assert_nothing_left
	done
}

@test "state: missing parts of the directory" {
	if $PEER; then skip "hull's own layout"; fi
	local part
	payload sleep 1000
	for part in config.json exec.fifo lock; do
		create_container
		rm "$STATE/$ID/$part"
		try hull delete --force "$ID"
		assert_ok
		assert_nothing_left
	done
}

@test "state: the bundle is gone" {
	payload sleep 1000
	run_detached
	mv "$BUNDLE" "$BUNDLE.gone"
	cd /
	assert_eq "$(status_of)" running
	hull delete --force "$ID"
	assert_nothing_left
}

@test "state: the container's cgroups are gone already" {
	payload true
	run_detached
	wait_status stopped
	find /sys/fs/cgroup -depth -type d -name "*$ID*" -exec rmdir {} +
	try hull delete "$ID"
	assert_ok
	assert_nothing_left
}

@test "a full disk: create fails in one line and leaves nothing" {
	mkdir "$BATS_TEST_TMPDIR/small"
	host_mount -t tmpfs -o size=64k,nr_inodes=6 tmpfs "$BATS_TEST_TMPDIR/small"
	dd if=/dev/zero of="$BATS_TEST_TMPDIR/small/filler" 2>/dev/null || true
	payload true
	try env "$MARK" "$HULL" --root "$BATS_TEST_TMPDIR/small/state" create "$ID"
	assert_error
	[[ -z $(find "$BATS_TEST_TMPDIR/small" -path "*$ID*") ]]
}

# ---- at once -------------------------------------------------------------------------------------------------

# at_once N ARG...: N hulls with the same arguments; the exit codes in $CODES.
at_once() {
	local n=$1 pids=() pid code
	shift
	while ((n--)); do
		background "$@"
		pids+=("$HULL_PID")
	done
	CODES=()
	for pid in "${pids[@]}"; do
		code=0
		wait "$pid" || code=$?
		CODES+=("$code")
	done
}

winners() { printf '%s\n' "${CODES[@]}" | grep -cx 0 || true; }

@test "two creates of one id: exactly one wins" {
	local round
	script 'sleep 1000'
	for ((round = 0; round < 10; round++)); do
		at_once 3 create "$ID"
		assert_eq "$(winners)" 1
		assert_eq "$(status_of)" created
		assert_eq "$(hull ps -f json "$ID" | jq length)" 1
		hull start "$ID"
		hull delete --force "$ID"
		assert_nothing_left
	done
}

@test "two starts: exactly one wins, the payload runs once" {
	local round
	script 'echo ran >>/log; sleep 1000'
	for ((round = 0; round < 10; round++)); do
		rm -f "$ROOTFS/log"
		create_container
		at_once 3 start "$ID"
		assert_eq "$(winners)" 1
		wait_until has_text ran "$ROOTFS/log"
		assert_eq "$(wc -l <"$ROOTFS/log")" 1
		hull delete --force "$ID"
	done
	assert_nothing_left
}

@test "two deletes: nothing is left, nobody hangs" {
	local round
	payload sleep 1000
	for ((round = 0; round < 10; round++)); do
		run_detached
		at_once 3 delete --force "$ID"
		assert_eq "$(winners)" 3
		assert_nothing_left
	done
}

@test "create and delete --force: never a half container" {
	local round create_pid
	payload sleep 1000
	for ((round = 0; round < 10; round++)); do
		background create "$ID"
		create_pid=$HULL_PID
		nap "0.00$((RANDOM % 10))"
		hull delete --force "$ID"
		wait "$create_pid" || true
		hull delete --force "$ID"
		assert_nothing_left
	done
}

@test "state, list, ps while containers come and go" {
	local n reader=0
	payload true
	(
		while [[ ! -e $BATS_TEST_TMPDIR/stop ]]; do
			hull list -f json | jq -e . >/dev/null || touch "$BATS_TEST_TMPDIR/failed"
		done
	) 3>&- 4>&- 2>"$BATS_TEST_TMPDIR/reader.err" &
	reader=$!
	for ((n = 0; n < 15; n++)); do
		hull run "$ID-$n"
	done
	touch "$BATS_TEST_TMPDIR/stop"
	wait "$reader"
	[[ ! -e $BATS_TEST_TMPDIR/failed ]] || fail "list failed: $(cat "$BATS_TEST_TMPDIR/reader.err")"
	assert_eq "$(cat "$BATS_TEST_TMPDIR/reader.err")" ""
}

@test "twenty containers at once" {
	local n pids=()
	payload true
	for ((n = 0; n < 20; n++)); do
		background run "$ID-$n"
		pids+=("$HULL_PID")
	done
	for n in "${pids[@]}"; do
		wait "$n"
	done
	assert_nothing_left
}

@test "a container that hangs does not hold up others" {
	payload sleep 1000
	ID=$ID-paused run_detached
	hull pause "$ID-paused"
	run_script 'echo ran'
	assert_output ran
	hull list >/dev/null
	hull state "$ID-paused" >/dev/null
}

@test "a command that waits for the container does not hold up state, kill or delete" {
	payload sleep 1000
	background run "$ID"
	wait_until has_status running 2>/dev/null
	assert_eq "$(hull list -q)" "$ID"
	background exec "$ID" sleep 1000
	wait_until eval '[[ $(hull ps -f json "$ID" | jq length) -eq 2 ]]'
	hull delete --force "$ID"
	wait
	assert_nothing_left
}
