#!/usr/bin/env bats
# shellcheck disable=SC2154 # try sets $stderr
# Where messages go, and in which form: stderr for people, --log for engines.

load setup

# A command that fails.
failing() { try hull "$@" state "$ID"; }

@test "messages: one line on stderr, nothing on stdout" {
	failing
	assert_error "does not exist"
	assert_output ""
}

@test "--log: the file gets the message, and so does stderr" {
	failing --log "$BATS_TEST_TMPDIR/log"
	assert_error "does not exist"
	assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/log")" 1
	grep -q 'does not exist' "$BATS_TEST_TMPDIR/log"
	grep -q 'level=error' "$BATS_TEST_TMPDIR/log"
}

@test "--log-format json: a line is an object with level, msg, time" {
	failing --log "$BATS_TEST_TMPDIR/log" --log-format json
	assert_status 1
	assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/log")" 1
	assert_eq "$(jq -r .level "$BATS_TEST_TMPDIR/log")" error
	[[ $(jq -r .msg "$BATS_TEST_TMPDIR/log") == *"does not exist"* ]]
	[[ $(jq -r .time "$BATS_TEST_TMPDIR/log") =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-][0-9:]{5})$ ]]
	[[ $(jq -r .msg "$BATS_TEST_TMPDIR/log") != *$'\n'* ]]
}

@test "--log: is appended to" {
	failing --log "$BATS_TEST_TMPDIR/log" --log-format json
	failing --log "$BATS_TEST_TMPDIR/log" --log-format json
	assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/log")" 2
}

@test "--log: success writes no error" {
	payload true
	try hull --log "$BATS_TEST_TMPDIR/log" --log-format json run "$ID"
	assert_ok
	[[ ! -e $BATS_TEST_TMPDIR/log ]] || run ! grep -q error "$BATS_TEST_TMPDIR/log"
}

@test "--log: the last error line is the cause, as containerd reads it" {
	payload no-such-program
	try hull --log "$BATS_TEST_TMPDIR/log" --log-format json create "$ID"
	assert_status 1
	[[ $(jq -r 'select(.level == "error") | .msg' "$BATS_TEST_TMPDIR/log" | tail -n 1) == \
		*"executable file not found in \$PATH"* ]]
	assert_nothing_left
}

@test "--log: an error that happens inside the container is in it" {
	run_sleeper
	try hull --log "$BATS_TEST_TMPDIR/log" --log-format json exec "$ID" /no/such/program
	assert_status 255
	[[ $(jq -r 'select(.level == "error") | .msg' "$BATS_TEST_TMPDIR/log" | tail -n 1) == \
		*[Nn]"o such file or directory"* ]]
}

@test "--log-format json: what a user gave is escaped" {
	local id=$'quote"back\\slash\ttab\x01\xff'
	try hull --log "$BATS_TEST_TMPDIR/log" --log-format json state "$id"
	assert_status 1
	jq -e .msg "$BATS_TEST_TMPDIR/log"
	assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/log")" 1
}

@test "messages: control characters of the input do not reach the terminal" {
	if $PEER; then skip "hull's own rule"; fi
	try hull state $'red\x1b[31m\nsecond line'
	assert_error
	[[ $stderr != *$'\x1b'* ]]
}

@test "--log-format json without --log: JSON on stderr" {
	failing --log-format json
	assert_status 1
	assert_eq "$(tail -n 1 <<<"$stderr" | jq -r .level)" error
}

@test "--log: a file that cannot be written" {
	try hull --log "$BATS_TEST_TMPDIR/missing/log" list
	assert_error missing/log
}

@test "--log /dev/stderr, as runc's default" {
	failing --log /dev/stderr
	assert_status 1
	[[ $stderr == *"does not exist"* ]]
}

@test "--log file:PATH: the same as PATH" {
	failing --log "file:$BATS_TEST_TMPDIR/log"
	assert_error "does not exist"
	grep -q 'does not exist' "$BATS_TEST_TMPDIR/log"
}

# system_log SOCKET LOG: what a message to the system's log at SOCKET looks like, as Python shows it,
# in a mount namespace with folders of its own.
system_log() {
	unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /dev &&
		exec "$@"' sh "$PYTHON" -c '
import os, socket, subprocess, sys
path, command = sys.argv[1], sys.argv[2:]
os.makedirs(os.path.dirname(path), exist_ok=True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
s.settimeout(10)
subprocess.run(command, stdin=s, stdout=s, stderr=s)
print(s.recv(4096))' "$1" "$HULL" --root "$STATE" --log "$2" state "$ID" 3>&- 4>&-
}

@test "--log syslog:NAME, journald:NAME: one message in the words of each" {
	try system_log /dev/log syslog:engine
	assert_ok
	[[ $output =~ ^b\'\<11\>[A-Z][a-z]{2}\ [\ 0-9][0-9]\ [0-9:]{8}\ engine\[[0-9]+\]:\ .*does\ not\ exist.*\'$ ]] ||
		report "not a message of syslog"
	try system_log /run/systemd/journal/socket journald:engine
	assert_ok
	[[ $output == *'PRIORITY=3\nSYSLOG_IDENTIFIER=engine\nMESSAGE\n'*'does not exist'* ]] ||
		report "not a message of the journal"
}

@test "--log syslog: where there is none it is said" {
	try unshare -m --propagation private sh -c 'mount -t tmpfs tmpfs /dev && exec "$@"' sh \
		"$HULL" --root "$STATE" --log syslog:x list
	assert_error --log /dev/log
}

@test "--debug: more lines, level debug; none without it" {
	payload true
	try hull --debug --log "$BATS_TEST_TMPDIR/log" --log-format json run "$ID"
	assert_ok
	[[ $(jq -r .level "$BATS_TEST_TMPDIR/log" | grep -c debug) -ge 1 ]]
	rm "$BATS_TEST_TMPDIR/log"
	try hull --log "$BATS_TEST_TMPDIR/log" --log-format json run "$ID"
	[[ ! -e $BATS_TEST_TMPDIR/log ]] || run ! grep -q debug "$BATS_TEST_TMPDIR/log"
}

@test "--debug: does not mix with the container's output" {
	payload echo clean
	try hull --debug run "$ID"
	assert_ok
	assert_output clean
}

@test "the log's descriptor is not the container's" {
	payload sh -c 'ls -l /proc/self/fd'
	try hull --debug --log "$BATS_TEST_TMPDIR/log" run "$ID"
	assert_ok
	assert_lacks "$BATS_TEST_TMPDIR/log"
}
