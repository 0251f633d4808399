#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# hull's own program is out of the reach of containers (CVE-2019-5736 and its relatives).

load setup

setup_program() {
	# A copy: should a test be right and hull wrong, the machine keeps its runtime.
	cp "$HULL" "$BATS_TEST_TMPDIR/hull"
	HULL=$BATS_TEST_TMPDIR/hull
	PROGRAM_SUM=$(sha256sum <"$HULL")
	config '.process.capabilities = (["CAP_DAC_OVERRIDE", "CAP_SYS_PTRACE", "CAP_KILL", "CAP_SYS_ADMIN",
			"CAP_DAC_READ_SEARCH", "CAP_FOWNER"]
		| {bounding: ., permitted: ., effective: ., inheritable: [], ambient: []})'
}

assert_program_unharmed() { assert_eq "$(sha256sum <"$HULL")" "$PROGRAM_SUM"; }

# Inside: keeps every program file that appears in /proc open for reading, and reopens it for
# writing when its process is gone; says so when that works. (A running program cannot be opened
# for writing; a program that is safe cannot be afterwards either.)
ATTACK='
attack() {
	{
		case $(readlink /proc/self/fd/9) in */busybox | */bin/*) return 0 ;; esac
		n=0
		while [ -e "/proc/$1" ] && [ $n -lt 200 ]; do usleep 10000; n=$((n + 1)); done
		( : >>/proc/self/fd/9 ) && echo "WRITABLE $(readlink /proc/self/fd/9)"
		echo tried
	} 9<"/proc/$1/exe"
} 2>/dev/null
'

@test "a payload that is /proc/self/exe is not hull's file, writable" {
	setup_program
	# hull itself as the container's program: it waits at a FIFO while it is attacked.
	mkfifo "$ROOTFS/fifo"
	payload sh -c "$ATTACK"'
		/proc/self/exe true
		for p in /proc/[0-9]*; do [ ${p#/proc/} = $$ ] || attack ${p#/proc/}; done; echo end'
	try hull run "$ID"
	assert_lacks WRITABLE
	assert_program_unharmed
}

@test "exec of /proc/self/exe and of a script with it: attacked from inside while it runs" {
	setup_program
	printf '#!/proc/self/exe\n' >"$ROOTFS/evil"
	chmod +x "$ROOTFS/evil"
	mkfifo "$ROOTFS/fifo"
	script "$ATTACK"'
		echo ready
		while [ ! -e /stop ]; do
			for p in /proc/[0-9]*; do
				p=${p#/proc/}
				[ $p = 1 ] || [ $p = $$ ] || attack $p
			done
		done
		echo end'
	run_detached
	wait_until has_text ready "$OUT"
	for _ in 1 2 3 4 5; do
		try hull exec "$ID" /evil
		try hull exec "$ID" /proc/self/exe --version
	done
	# One that stays: it blocks when it opens its log.
	env "$MARK" timeout -s KILL "$HULL_TIMEOUT" "$HULL" --root "$STATE" exec "$ID" /proc/self/exe --log /fifo list \
		>/dev/null 2>&1 </dev/null 3>&- 4>&- &
	wait_until has_text tried "$OUT"
	echo >"$ROOTFS/fifo" &
	touch "$ROOTFS/stop"
	wait_until has_text end "$OUT"
	run ! grep WRITABLE "$OUT"
	assert_program_unharmed
}

@test "the waiting process of a created container: seen from a container in the same pid namespace" {
	setup_program
	script "$ATTACK"'
		echo ready
		while [ ! -e /target ]; do usleep 10000; done
		echo aimed
		attack $(cat /target)
		echo end; sleep 1000'
	run_detached
	wait_until has_text ready "$OUT"
	local pid
	pid=$(pid_of)
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	with_namespace pid "/proc/$pid/ns/pid"
	payload true
	ID=$ID-second create_container
	awk '/^NSpid:/ {print $NF}' "/proc/$(pid_of "$ID-second")/status" >target
	mv target "$ROOTFS/target"
	wait_until has_text aimed "$OUT"
	nap 0.1
	hull start "$ID-second"
	wait_status stopped "$ID-second"
	hull delete "$ID-second"
	wait_until has_text end "$OUT"
	run ! grep WRITABLE "$OUT"
	assert_program_unharmed
}

@test "the waiting process cannot be read or traced from inside" {
	setup_program
	# The container's own shell looks at itself being executed: nothing of hull is mapped any more.
	run_script 'grep -c hull /proc/self/maps; readlink /proc/self/exe'
	assert_line 0
	assert_lacks "$BATS_TEST_TMPDIR"
}

@test "exec: a hull that enters the container brings no descriptor of the host with it" {
	setup_program
	script '
		echo ready
		while [ ! -e /stop ]; do
			for p in /proc/[0-9]*; do
				p=${p#/proc/}
				[ $p = 1 ] || [ $p = $$ ] && continue
				for f in /proc/$p/fd/*; do
					[ -e "$f/.." ] && [ "$(readlink $f)" != / ] && ls -d "$f/../etc" >/dev/null 2>&1 && echo "ESCAPE $(readlink $f)"
					[ -e "$f/etc/hostname-of-the-host" ] && echo "ESCAPE $(readlink $f)"
				done
			done
		done
		echo end'
	run_detached
	wait_until has_text ready "$OUT"
	for _ in {1..10}; do
		hull exec "$ID" true
	done
	touch "$ROOTFS/stop"
	wait_until has_text end "$OUT"
	run ! grep ESCAPE "$OUT"
}

@test "core files and dumps of hull: it is not dumpable inside" {
	setup_program
	script 'sleep 1000'
	create_container
	# Not readable for a process without capabilities over it: owned by root.
	assert_eq "$(stat -c %u "/proc/$(pid_of)/mem")" 0
}
