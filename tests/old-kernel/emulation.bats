#!/usr/bin/env bats
# shellcheck disable=SC2154 # try sets $output
# Programs of other architectures on a kernel older than Linux 6.7, where emulators are the whole
# machine's: in `tests/lab/run --kernel 6.1`, whose registrations are its own.

load ../bats/setup
load ../bats/foreign

PLACE=/proc/sys/fs/binfmt_misc

setup_file() {
	[[ $(uname -r) == 6.1.* ]] || skip "only in tests/lab/run --kernel 6.1"
	foreign_find
}

# registered_nothing: binfmt_misc is there, and nobody has registered anything.
registered_nothing() {
	modprobe binfmt_misc
	mountpoint -q "$PLACE" || mount -t binfmt_misc binfmt_misc "$PLACE"
	echo -1 >"$PLACE/status"
}

# register FLAGS EMULATOR: programs for riscv64.
register() {
	local bytes='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00'
	local mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
	printf %s ":test-riscv64:M::$bytes:$mask:$2:$1" >"$PLACE/register"
	cleanup_later "echo -1 >$PLACE/status"
}

@test "kernel 6.1: no binfmt_misc: which module" {
	! mountpoint -q "$PLACE" || umount "$PLACE"
	! grep -qw binfmt_misc /proc/modules || rmmod binfmt_misc
	mv /sbin/modprobe /sbin/modprobe.away
	cleanup_later "mv /sbin/modprobe.away /sbin/modprobe"
	foreign riscv64
	try hull run "$ID"
	assert_error hull.emulator "$(uname -r)" "modprobe binfmt_misc"
	assert_nothing_left
}

@test "kernel 6.1: nothing is registered: which package" {
	registered_nothing
	foreign riscv64
	try hull run "$ID"
	assert_error hull.emulator "before 6.7" "apt-get install qemu-user-static"
	assert_nothing_left
	assert_eq "$(ls "$PLACE")" $'register\nstatus'
}

@test "kernel 6.1: what the machine has registered is used, in its user namespace" {
	local host
	registered_nothing
	host=$(readlink /proc/self/ns/user)
	register PF "$FOREIGN/qemu-riscv64"
	foreign riscv64
	script 'uname -m; (uname -m); readlink /proc/self/ns/user'
	try hull run "$ID"
	assert_ok
	[[ $output == $'riscv64\nriscv64\nuser:['* && $output != *"$host"* ]]
	assert_eq "$(ls "$PLACE")" $'register\nstatus\ntest-riscv64'
	run_sleeper
	try hull exec "$ID" uname -m
	assert_output riscv64
}

@test "kernel 6.1: one that is not opened at registration must be in the image" {
	registered_nothing
	register P /emulator
	foreign riscv64
	try hull run "$ID"
	assert_error hull.emulator "before 6.7"
	cp "$FOREIGN/qemu-riscv64" "$ROOTFS/emulator"
	script 'uname -m'
	try hull run "$ID"
	assert_ok
	assert_output riscv64
}

@test "kernel 6.1: another architecture than the one that is registered" {
	registered_nothing
	register PF "$FOREIGN/qemu-riscv64"
	foreign aarch64
	try hull run "$ID"
	assert_error hull.emulator "before 6.7"
}
