#!/usr/bin/env bats
# shellcheck disable=SC2154 # try sets $output
# docs/universal-machine.md: a machine of Turing's in a program for riscv64, on a CPU that is a program.

load setup
load foreign

setup_file() {
	if $PEER; then skip "hull's own annotation"; fi
	command -v riscv64-linux-gnu-gcc >/dev/null || skip "no compiler for riscv64 here"
	foreign_find
	local examples=$BATS_TEST_DIRNAME/../../examples
	riscv64-linux-gnu-gcc -static -O2 -o "$BATS_FILE_TMPDIR/riscv64" "$examples/turing.c"
	gcc -static -O2 -o "$BATS_FILE_TMPDIR/own" "$examples/turing.c"
	cp -r "$examples/machines" "$BATS_FILE_TMPDIR/machines"
}

@test "universal machine: what each table computes is the same on every layer" {
	local table tape own
	rm -r "${ROOTFS:?}/bin"
	cp -r "$BATS_FILE_TMPDIR/riscv64" "$BATS_FILE_TMPDIR/machines" "$ROOTFS/"
	annotate "$FOREIGN/qemu-riscv64"
	for table in beaver-4 'increment 1110x' 'increment 111x'; do
		read -r table tape <<<"$table"
		own=$("$BATS_FILE_TMPDIR/own" "$BATS_FILE_TMPDIR/machines/$table" ${tape:+"$tape"})
		payload /riscv64 "/machines/$table" ${tape:+"$tape"}
		try hull run "$ID"
		assert_ok
		assert_output "$own"
	done
	assert_output "halted after 5 steps, 2 marks: 1x"
	payload /riscv64 /machines/beaver-4
	try hull run "$ID"
	assert_output "halted after 107 steps, 13 marks: 10111111111111"
}

@test "universal machine: a table that is none" {
	cp "$BATS_FILE_TMPDIR/riscv64" "$ROOTFS/"
	printf 'A 0 1 R B\nB 0 1 up A\n' >"$ROOTFS/table"
	annotate "$FOREIGN/qemu-riscv64"
	payload /riscv64 /table
	try hull run "$ID"
	[[ $status -eq 1 && $stderr == "turing: /table:2: "* ]]
}
