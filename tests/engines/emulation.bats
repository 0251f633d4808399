#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $output
# Podman: an image of another architecture, by the annotation hull.emulator.

load podman
load ../bats/foreign

setup_file() {
	# shellcheck source-path=SCRIPTDIR source=podman.bash
	. "$BATS_TEST_DIRNAME/podman.bash"
	local tree=$BATS_FILE_TMPDIR/tree
	FOREIGN=$("$ENGINES/../lab/foreign")
	export FOREIGN
	mkdir -p "$tree"/{etc,tmp,proc}
	foreign_programs riscv64 "$tree/bin"
	tar -C "$tree" -c . | podman import --quiet --os linux --arch riscv64 - foreign
	image_need
}

emulated() { podman "$1" --annotation "hull.emulator=$FOREIGN/qemu-riscv64" "${@:2}"; }

# bats test_tags=smoke
@test "emulator: run, exec, stop; the machine's registrations stay as they are" {
	local before
	before=$(registrations)
	emulated run --detach --name "$C" foreign sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done' >/dev/null
	ready() { [[ $(podman logs "$C") == *ready* ]]; }
	wait_until ready
	try podman exec "$C" uname -m
	assert_output riscv64
	assert_eq "$(registrations)" "$before"
	podman stop --time 30 "$C" >/dev/null
	assert_exited 3
}

@test "emulator: users, a volume, a read-only root" {
	mkdir data
	chmod 777 data
	emulated run --rm --user 1000:1000 --volume "$PWD/data:/data" --read-only foreign \
		sh -c 'uname -m >/data/machine; ! touch /file'
	assert_eq "$(cat data/machine)" riscv64
	assert_eq "$(stat -c %u data/machine)" 1000
}

@test "emulator: a bridge, and ports" {
	try emulated run --rm --network bridge foreign sh -c 'uname -m; cat /proc/net/dev'
	[[ $stderr != *netavark* ]] || skip "netavark cannot make a bridge here"
	assert_ok
	assert_has riscv64 eth0
}

@test "emulator: beside programs of the machine's own architecture" {
	try emulated run --rm --volume "$FOREIGN/busybox-riscv64:/foreign/busybox:ro" debian \
		sh -c 'uname -m; /foreign/busybox uname -m'
	assert_output "$(uname -m)"$'\nriscv64'
}

@test "emulator: containers of a pod with a user namespace share it" {
	podman pod create --network none --uidmap 0:100000:65536 --gidmap 0:100000:65536 "$C" >/dev/null
	emulated run --detach --pod "$C" --name "$C-a" foreign sleep 1000 >/dev/null
	try emulated run --rm --pod "$C" foreign sh -c 'uname -m; cat /proc/self/uid_map'
	assert_eq "$(xargs <<<"$output")" "riscv64 0 100000 65536"
	try podman exec "$C-a" uname -m
	assert_output riscv64
}
