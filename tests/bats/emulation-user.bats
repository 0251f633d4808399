#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # names of the container's own, and of rootless.bash
# Programs of other architectures for an ordinary user, who has no right to register anything.

load rootless
load foreign

eval "user_$(declare -f setup_file)"
setup_file() {
	if $PEER; then skip "hull's own annotation"; fi
	user_setup_file
	foreign_find
	# The cache is root's alone on some machines.
	mkdir "$BATS_FILE_TMPDIR/foreign"
	cp "$FOREIGN"/* "$BATS_FILE_TMPDIR/foreign/"
	FOREIGN=$BATS_FILE_TMPDIR/foreign
	install -m 755 "$(dirname "$HULL")/hull-image" "$BATS_FILE_TMPDIR/hull-image"
	multi_make "$BATS_FILE_TMPDIR"
	chmod -R a+rX "$BATS_FILE_TMPDIR/layout"
	IMAGES=$BATS_FILE_TMPDIR/images
	MULTI=oci:$BATS_FILE_TMPDIR/layout:multi
	export IMAGES MULTI
	install -d -m 700 -o "$USER_ID" -g "$USER_ID" "$IMAGES"
}

image() { hull image --store "$IMAGES" "$@"; }

@test "user: emulator: five architectures, children and scripts" {
	local arch
	printf '#!/bin/sh\necho "script $(uname -m)"\n' >"$ROOTFS/script"
	chmod +x "$ROOTFS/script"
	script 'uname -m; sh -c "exit 3"; echo $?; /script; id -u'
	for arch in "${!MACHINES[@]}"; do
		foreign "$arch"
		try hull run "$ID"
		assert_ok
		assert_output "${MACHINES[$arch]}"$'\n3\n'"script ${MACHINES[$arch]}"$'\n0'
	done
}

@test "user: emulator: exec, signals; the machine's own registrations stay as they are" {
	local before
	before=$(registrations)
	foreign riscv64
	script 'trap "exit 4" USR1; echo ready; while :; do sleep 0.05; done'
	run_detached
	wait_until has_text ready "$OUT"
	try hull exec "$ID" uname -m
	assert_output riscv64
	assert_eq "$(registrations)" "$before"
	hull kill "$ID" USR1
	wait_status stopped
}

@test "user: emulator: without a user namespace in config.json, with ranges, without cgroups" {
	foreign s390x
	without_user_namespace
	script 'uname -m; cat /proc/self/uid_map'
	try hull run "$ID"
	assert_eq "$(xargs <<<"$output")" "s390x 0 $USER_ID 1"
	RANGES=true
	try hull --cgroup-manager disabled run "$ID"
	assert_eq "$(xargs <<<"$output")" "s390x 0 $USER_ID 1 1 $RANGE 65536"
}

@test "user: emulator: in the user namespace of another container" {
	foreign riscv64
	run_sleeper
	annotate "$FOREIGN/qemu-s390x"
	foreign_programs s390x "$ROOTFS/bin"
	with_namespace user "/proc/$(pid_of)/ns/user"
	script 'uname -m; ls /proc/sys/fs/binfmt_misc'
	try hull run "$ID-2"
	assert_ok
	assert_output $'s390x\nqemu-riscv64\nqemu-s390x\nregister\nstatus'
}

@test "user: image run --platform: each of four" {
	local pair
	for pair in $PLATFORMS; do
		try image run --platform "linux/${pair#*=}" --emulator "$FOREIGN/qemu-${pair%%=*}" "$MULTI"
		assert_ok
		assert_output "${MACHINES[${pair%%=*}]}"
	done
}
