#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# shellcheck disable=SC2119,SC2120 # arguments that only some give
# The page at /run/hull/cpu: what a program in the container reads there is true, nobody can write
# it, and its writer lives as long as the container does.

load setup

setup_file() {
	local folder
	for folder in "${HULL%/*}/tests" "${HULL%/*/*}/tests" "$BATS_TEST_DIRNAME/../../build/tests"; do
		if [[ -x $folder/page ]]; then
			export PAGE=$folder/page
			return
		fi
	done
	fail "no page: run make tools"
}

# The page as the host has it, and one number of it.
page() { "$PAGE" "$STATE/${1:-$ID}/cpu"; }
number() { page "${2-}" | sed -n "s/^$1 //p"; }

# exceeds NAME VALUE [ID]
exceeds() { (($(number "$1" "${3-}") > $2)); }

# Wait for one more update.
wait_update() { wait_until exceeds updated "$(number updated "${1-}")" "${1-}"; }

writer_of() {
	local pid
	for pid in $(pgrep -x hull-whisper); do
		if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "${1:-$ID} "; then
			echo "$pid"
		fi
	done
}
no_writer() { [[ -z $(writer_of "$@") ]]; }

# one_cpu: the container runs on one processor only; $CPU.
one_cpu() {
	need_controller cpuset
	CPU=$(awk '/^Cpus_allowed_list/ { n = split($2, p, /[-,]/); print p[n] }' /proc/self/status)
	config --arg cpu "$CPU" '.linux.resources.cpu.cpus = $cpu'
}

# spinners N: the container spins with so many processes.
spinners() {
	script "for n in \$(seq $1); do while :; do :; done & done; wait"
}

# competitor: a second container that spins on the same processor. Its id is $ID-b.
competitor() {
	spinners 1
	detached run --detach "$ID-b"
}

# Since $UPDATED, $USAGE and $STEAL: how much of the time the container was neither running nor
# stolen from, in percent of the time; SPAN nanoseconds have to pass first.
baseline() {
	local name value
	while read -r name value; do
		case $name in
		updated) UPDATED=$value ;;
		usage) USAGE=$value ;;
		steal) STEAL=$value ;;
		esac
	done < <(page)
}
unexplained() {
	local updated=$UPDATED usage=$USAGE steal=$STEAL span=$1
	wait_until exceeds updated $((updated + span))
	baseline
	span=$((UPDATED - updated)) STOLEN=$((STEAL - steal))
	UNEXPLAINED=$(((span - (USAGE - usage) - STOLEN) * 100 / span))
	STOLEN_PERCENT=$((STOLEN * 100 / span))
	echo "of $span ns: stolen $STOLEN_PERCENT %, neither run nor stolen $UNEXPLAINED %"
}
within() { (($1 >= $2 && $1 <= $3)) || fail "$1 is not within $2 and $3"; }

@test "without being asked for there is no page and no writer" {
	run_script '[ ! -e /run/hull ]'
	assert_ok
	no_writer
}

@test "the page is there, of the documented layout and a multiple of a page's size" {
	cp "$PAGE" "$ROOTFS/bin/page"
	script 'stat -c "%s %a %u" /run/hull/cpu && page /run/hull/cpu'
	try hull run --whisper "$ID"
	assert_ok
	[[ $output =~ ^([0-9]+)\ 644\ 0 ]]
	((BASH_REMATCH[1] % 4096 == 0))
	assert_line "cpus $(($(sed 's/.*[-,]//' /sys/devices/system/cpu/possible) + 1))" "generation 1"
	not test -e "$STATE/$ID"
}

@test "the annotation asks for it too" {
	config '.annotations["hull.whisper"] = "true"'
	run_script 'test -r /run/hull/cpu'
	assert_ok
	config '.annotations["hull.whisper"] = "false"'
	run_script 'test ! -s /run/hull/cpu'
	assert_ok
	config '.annotations["hull.whisper"] = "loud"'
	run_script 'true'
	assert_error 'annotations["hull.whisper"]' loud
}

@test "nobody in the container can write the page, and it is mounted without rights" {
	script 'grep " /run/hull/cpu " /proc/self/mountinfo
		echo x >/run/hull/cpu; rm -f /run/hull/cpu; mount -o remount,rw /run/hull/cpu'
	try hull run --whisper "$ID"
	assert_has ro,nosuid,nodev,noexec
	[[ $stderr == *"ead-only file system"* ]]
	not grep -q x <(head -c 1 "$STATE/$ID/cpu" 2>/dev/null)
}

@test "with a user namespace, and in a root file system that is read-only" {
	user_namespace
	mkdir -p "$ROOTFS/run/hull"
	touch "$ROOTFS/run/hull/cpu"
	config '.root.readonly = true'
	cp "$PAGE" "$ROOTFS/bin/page"
	script 'page /run/hull/cpu check 1000 && ! echo x >/run/hull/cpu'
	try hull run --whisper "$ID"
	assert_ok
}

@test "the page lies in the container's mount namespace, and without one is refused" {
	without_namespace mount
	config 'del(.mounts) | del(.linux.maskedPaths) | del(.linux.readonlyPaths)'
	script true
	try hull run --whisper "$ID"
	assert_error "mount namespace"
	assert_nothing_left
}

@test "exec and the container see the same page" {
	cp "$PAGE" "$ROOTFS/bin/page"
	script 'stat -c %i /run/hull/cpu; trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	run_detached --whisper
	wait_until test -s "$OUT"
	try hull exec "$ID" stat -c %i /run/hull/cpu
	assert_output "$(<"$OUT")"
	try hull exec "$ID" page /run/hull/cpu
	assert_has "updated "
}

@test "each reading is of one update while competitors run" {
	one_cpu
	competitor
	cp "$PAGE" "$ROOTFS/bin/page"
	spinners 2
	run_detached --whisper
	hull exec "$ID" page /run/hull/cpu check 200000
	# Also for a reader who is interrupted less often.
	"$PAGE" "$STATE/$ID/cpu" check 2000000
}

@test "what a competitor on the same processor takes is stolen, and nothing else is" {
	one_cpu
	competitor
	spinners 1
	run_detached --whisper
	wait_until exceeds steal 0
	local here
	here=$(number "steal$CPU")
	baseline
	unexplained 1500000000
	within "$UNEXPLAINED" -12 12
	within "$STOLEN_PERCENT" 20 100
	# All of it on that processor.
	((($(number "steal$CPU") - here) * 100 >= STOLEN * 90))
}

@test "threads that wait for each other are not stolen from" {
	one_cpu
	spinners 6
	run_detached --whisper
	wait_until exceeds usage 200000000
	baseline
	# They wait for five times as long as they run; what counts is when none of them runs.
	unexplained 1000000000
	within "$UNEXPLAINED" -15 15
}

asleep() { [[ $(<"/proc/$1/comm") == sleep ]] && grep -q "^State:.S" "/proc/$1/status"; }

@test "a container that sleeps beside a competitor is not stolen from" {
	one_cpu
	competitor
	script 'exec sleep 100000'
	run_detached --whisper
	# Until then it has things to do, and others are in its way.
	wait_until asleep "$(pid_of)"
	wait_update
	baseline
	unexplained 500000000
	within "$STOLEN_PERCENT" 0 3
	assert_eq "$(number "preempted$CPU")" 0
}

@test "a processor that others have is said to be so" {
	one_cpu
	need_controller cpu
	config '.linux.resources.cpu.shares = 2048'
	competitor
	config '.linux.resources.cpu.shares = 2'
	spinners 1
	run_detached --whisper
	local seen=0
	wait_until exceeds steal 0
	for _ in $(seq 20); do
		wait_update
		seen=$((seen + $(number "preempted$CPU")))
	done
	within "$seen" 12 20
}

@test "a quota is told as throttling, and does not stop the writer" {
	need_controller cpu
	one_cpu
	config '.linux.resources.cpu.quota = 10000 | .linux.resources.cpu.period = 100000'
	spinners 1
	run_detached --whisper
	wait_until exceeds throttled 200000000
	# Ten milliseconds in a hundred: most updates happen while it is throttled.
	local sequence
	sequence=$(number sequence)
	wait_until exceeds throttled "$(($(number throttled) + 200000000))"
	wait_until exceeds sequence $((sequence + 10))
}

@test "the page goes on while the container is paused, and does not call that stolen" {
	one_cpu
	spinners 1
	run_detached --whisper
	wait_until exceeds usage 0
	hull pause "$ID"
	# What it had waited until then comes first.
	wait_update
	wait_update
	baseline
	unexplained 300000000
	within "$STOLEN_PERCENT" 0 20
	hull resume "$ID"
}

@test "the clock is the container's" {
	with_namespace time
	config '.linux.timeOffsets.monotonic = {secs: 1000000, nanosecs: 0}'
	run_sleeper --whisper
	wait_until exceeds updated 1000000000000000
	wait_update
}

@test "the writer holds nothing but what it reads, and has no rights" {
	run_sleeper --whisper
	wait_update
	local pid link
	pid=$(writer_of)
	[[ $pid =~ ^[0-9]+$ ]]
	assert_eq "$(grep -cE '^Cap(Inh|Prm|Eff|Bnd|Amb):.*0000000000000000$' "/proc/$pid/status")" 5
	grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
	for link in /proc/"$pid"/fd/*; do
		case $(readlink "$link") in
		'' | /dev/null | /proc | /proc/* | /sys/fs/cgroup | /sys/fs/cgroup/* | \
			"$STATE/$ID/cpu" | *pidfd*) ;;
		*) fail "it holds $(readlink "$link")" ;;
		esac
	done
	# Not in the container's group, where the container's limits would hold for it.
	not grep -qF "$ID" "/proc/$pid/cgroup"
}

@test "a system call that the writer has no use for ends it" {
	run_sleeper --whisper
	wait_update
	local call pid
	pid=$(writer_of)
	grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	# One that it makes itself changes nothing.
	assert_eq "$("$(tool swap_call)" "$pid" close)" "goes on"
	wait_update
	for call in socket execve kill ptrace write; do
		assert_eq "$("$(tool swap_call)" "$(writer_of)" "$call")" "ended by signal 31"
		wait_until no_writer
		hull delete --force "$ID"
		run_detached --whisper
		wait_update
	done
}

@test "the writer follows the container into groups of its own" {
	[[ -n $CGROUP2 ]] || skip "this machine has no cgroup v2"
	run_sleeper --whisper
	local group pid
	pid=$(pid_of)
	group=$(cgroup_dir "$pid" unified)
	mkdir "$group/below" "$group/below/more"
	echo "$pid" >"$group/below/more/cgroup.procs"
	wait_update
	wait_update
	hull delete --force "$ID"
	wait_until no_writer
}

@test "the writer ends with the container, whoever ends it" {
	create_container --whisper
	wait_update
	hull delete --force "$ID"
	wait_until no_writer
	script 'sleep 0.1'
	run_detached --whisper
	wait_status stopped
	wait_until no_writer
	hull delete "$ID"
	run_sleeper --whisper
	kill -KILL "$(pid_of)"
	wait_until no_writer
}

@test "two containers have a page and a writer each" {
	run_sleeper --whisper
	script 'while :; do sleep 1000; done'
	detached run --detach --whisper "$ID-b"
	wait_update
	wait_update "$ID-b"
	hull delete --force "$ID-b"
	wait_until no_writer "$ID-b"
	wait_update
}

@test "hull killed while it makes the page leaves nothing" {
	local pid
	script 'sleep 1000'
	for _ in $(seq 20); do
		env "$MARK" "$HULL" --root "$STATE" create --whisper "$ID" >>"$OUT" 2>&1 </dev/null 3>&- 4>&- &
		pid=$!
		nap "0.00$((RANDOM % 8))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		hull delete --force "$ID"
		wait_until no_writer
	done
}
