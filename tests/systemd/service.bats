#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# hull as a service: systemd-run gives it a cgroup, an input and an output, and its signals.

load systemd

# Its groups are made by hull here, beside that of the service.
hull() { hull_plain "$@"; }

# in_service [OPTION...] -- ARGUMENT...: hull in a service that is waited for.
in_service() {
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	timeout 120 systemd-run --quiet --collect --wait --pipe --working-directory "$BUNDLE" \
		--setenv "HULL_BATS=$ID" ${options[@]+"${options[@]}"} -- "$HULL" --root "$STATE" "$@" 3>&- 4>&-
}

@test "systemd-run: output, input, exit code" {
	script 'cat; echo err >&2; exit 7'
	echo word >"$BATS_TEST_TMPDIR/input"
	INPUT=$BATS_TEST_TMPDIR/input try in_service -- run "$ID"
	assert_status 7
	assert_output word
	assert_eq "$stderr" err
	assert_nothing_left
}

@test "systemd-run: a stop of the service ends the container, and nothing is left" {
	script 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	systemd-run --quiet --collect --unit "$ID" --working-directory "$BUNDLE" --setenv "HULL_BATS=$ID" \
		"$HULL" --root "$STATE" run "$ID" 3>&- 4>&-
	wait_until has_status running
	local pid
	pid=$(pid_of)
	wait_until catches_term "$pid"
	systemctl stop "$ID"
	wait_until is_gone "$pid"
	assert_nothing_left
}

@test "systemd-run: a detached container with its pid file, of type forking" {
	script 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	systemd-run --quiet --collect --unit "$ID" --service-type forking --property "PIDFile=$BATS_TEST_TMPDIR/pid" \
		--property "ExecStopPost=$HULL --root $STATE delete --force $ID" --working-directory "$BUNDLE" \
		--setenv "HULL_BATS=$ID" "$HULL" --root "$STATE" run --detach --pid-file "$BATS_TEST_TMPDIR/pid" "$ID" 3>&- 4>&-
	assert_eq "$(status_of)" running
	assert_eq "$(systemctl show --property MainPID --value "$ID")" "$(pid_of)"
	wait_until catches_term "$(pid_of)"
	systemctl stop "$ID"
	assert_nothing_left
}
