#!/usr/bin/env bats
# shellcheck disable=SC2034,SC2154 # try sets $stderr, assert_error reads it
# --systemd-cgroup where the bus is there and nobody answers: hull gives up, in words.

load setup

# silent_bus NAME BACKLOG: a socket that listens and accepts nobody.
silent_bus() {
	"$PYTHON" -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(int(sys.argv[2]))
time.sleep(1000)' "$BATS_TEST_TMPDIR/$1" "$2" 3>&- 4>&- &
	wait_until accepts "$BATS_TEST_TMPDIR/$1"
}
accepts() { grep -qE "00010000 0001 01 .*$1\$" /proc/net/unix; }

# Both at once, because both wait as long as hull's patience lasts.
@test "systemd driver: a bus that never answers, and one whose queue is full" {
	silent_bus silent 10
	silent_bus full 0
	# Takes the one place that there is.
	"$PYTHON" -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
print("connected", flush=True)
time.sleep(1000)' "$BATS_TEST_TMPDIR/full" >"$BATS_TEST_TMPDIR/taken" 3>&- 4>&- &
	wait_until has_text connected "$BATS_TEST_TMPDIR/taken"
	local name pids=()
	payload true
	for name in silent full; do
		DBUS_SYSTEM_BUS_ADDRESS=unix:path=$BATS_TEST_TMPDIR/$name hull --systemd-cgroup run "$ID-$name" \
			>"$BATS_TEST_TMPDIR/$name.out" 2>&1 </dev/null &
		pids+=($!)
	done
	for name in silent full; do
		status=0
		wait "${pids[0]}" || status=$?
		pids=("${pids[@]:1}")
		stderr=$(<"$BATS_TEST_TMPDIR/$name.out")
		assert_error --systemd-cgroup D-Bus "$([[ $name == silent ]] && echo "no answer" || echo full)"
	done
	assert_nothing_left
}
