#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $output
# AppArmor: what is executed in the container runs below the profile, and under no other.

load setup

has_apparmor() { [[ -e /sys/kernel/security/apparmor/.load ]]; }

# A profile that may do everything but read one file.
setup_file() {
	has_apparmor || return 0
	PROFILE=$BATS_FILE_TMPDIR/profile
	printf 'profile %s flags=(attach_disconnected,mediate_deleted) {\n%s\n}\n' hull-bats \
		'file, capability, network, mount, umount, signal, ptrace, unix, userns,
		deny /secret r,' >"$PROFILE"
	apparmor_parser --replace --skip-cache "$PROFILE"
	export PROFILE
}

teardown_file() {
	! has_apparmor || apparmor_parser --remove "$PROFILE"
}

eval "suite_$(declare -f setup)"
setup() {
	suite_setup
	has_apparmor || skip "this kernel has no AppArmor (tests/lab/run has it)"
	echo hidden >"$ROOTFS/secret"
}

LOOK='cat /proc/self/attr/current; cat /secret'

@test "apparmorProfile: of the container's process" {
	run_script "$LOOK"
	assert_has unconfined hidden
	config '.process.apparmorProfile = "hull-bats"'
	try hull run "$ID"
	assert_status 1
	assert_output 'hull-bats (enforce)'
	[[ $stderr == *"/secret"*"Permission denied"* ]] || report "the profile does not hold"
}

@test "apparmorProfile: create and start; nothing that hull makes of the container needs it" {
	config '.process.apparmorProfile = "hull-bats"'
	script "$LOOK; sleep 1000"
	create_container
	hull start "$ID"
	wait_until has_text 'hull-bats (enforce)' "$OUT"
	assert_eq "$(cat "/proc/$(pid_of)/attr/current")" 'hull-bats (enforce)'
}

@test "apparmorProfile: exec has the container's, or its own" {
	config '.process.apparmorProfile = "hull-bats"'
	run_sleeper
	try hull exec "$ID" sh -c "$LOOK"
	assert_output 'hull-bats (enforce)'
	try hull exec --apparmor unconfined "$ID" sh -c "$LOOK"
	assert_has hidden
	hull delete --force "$ID"
	config 'del(.process.apparmorProfile)'
	run_sleeper
	try hull exec "$ID" sh -c "$LOOK"
	assert_has unconfined hidden
	try hull exec --apparmor hull-bats "$ID" sh -c "$LOOK"
	assert_output 'hull-bats (enforce)'
}

@test "apparmorProfile: in a user namespace, with no_new_privileges" {
	user_namespace
	config '.process.apparmorProfile = "hull-bats" | .process.noNewPrivileges = true'
	run_script "$LOOK"
	assert_output 'hull-bats (enforce)'
}

@test "apparmorProfile: one that is not loaded is an error, also for exec" {
	config '.process.apparmorProfile = "hull-no-such-profile"'
	payload true
	try hull run "$ID"
	assert_error apparmorProfile hull-no-such-profile
	config 'del(.process.apparmorProfile)'
	run_sleeper
	try hull exec --apparmor hull-no-such-profile "$ID" true
	assert_error --code 255 apparmorProfile hull-no-such-profile
}
