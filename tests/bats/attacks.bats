#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# The holes that container runtimes had, tried on hull. Each test is named by its CVE and looks at
# the host from outside; docs/security.md says what stops each.

load setup
load terminal

SECRET=secret-of-the-host

# tool NAME: a program of tests/attacks, built by `make tools`.
tool() {
	local folder
	for folder in "${HULL%/*}/tests" "${HULL%/*/*}/tests" "$BATS_TEST_DIRNAME/../../build/tests"; do
		if [[ -x $folder/$1 ]]; then
			printf '%s\n' "$folder/$1"
			return
		fi
	done
	fail "tests/attacks/$1 is not built: make tools"
}

# ---- what a container sees of a hull that enters it ---------------------------------------------

# intruder [CONFIGURATION...]: a container that attacks every hull that it can see.
intruder() {
	touch "$BATS_TEST_TMPDIR/host-mark"
	cp "$(tool intruder)" "$ROOTFS/intruder"
	payload /intruder "$BATS_TEST_TMPDIR/host-mark" "$SECRET"
	run_detached
	wait_until has_text ready "$OUT"
}

# intruder_saw: at least so often; and it has reached nothing.
assert_intruder_failed() {
	touch "$ROOTFS/stop"
	wait_until has_text end "$OUT"
	if grep -qE '^[A-Z]' "$OUT"; then
		fail "$(awk '/^[A-Z]/ { n[$1 " " $3]++ } END { for (k in n) print n[k], k }' "$OUT")" || return
	fi
	[[ $(sed -n 's/^saw //p' "$OUT") -gt 0 ]] || fail "the intruder never saw a hull: $(cat "$OUT")"
}

@test "exec: a thousand times, attacked by the container's root with the same rights" {
	local n
	export HULL_SECRET=$SECRET
	intruder
	for ((n = 0; n < ${HULL_EXEC_ROUNDS:-1000}; n++)); do
		hull exec "$ID" /bin/true
	done
	assert_intruder_failed
}

@test "exec: in the host's pid namespace" {
	local n
	export HULL_SECRET=$SECRET
	without_namespace pid
	intruder
	for ((n = 0; n < ${HULL_EXEC_ROUNDS:-1000}; n++)); do
		hull exec "$ID" /bin/true
	done
	assert_intruder_failed
}

@test "pod: created" {
	local n
	export HULL_SECRET=$SECRET
	intruder
	local pid
	pid=$(pid_of)
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	with_namespace pid "/proc/$pid/ns/pid"
	payload true
	for n in {1..100}; do
	ID=$ID-second create_container
	hull delete --force $ID-second
	done
	ROOTFS=$BUNDLE/rootfs
	assert_intruder_failed
}
@test "pod: run" {
	local n
	export HULL_SECRET=$SECRET
	intruder
	local pid
	pid=$(pid_of)
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	with_namespace pid "/proc/$pid/ns/pid"
	payload true
	for n in {1..300}; do
	hull run $ID-second
	done
	ROOTFS=$BUNDLE/rootfs
	assert_intruder_failed
}
