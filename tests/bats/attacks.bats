#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# The holes that container runtimes had, tried on hull. A test is named by the CVEs of its class
# and looks at the host from outside; docs/security.md says what stops each of them.
#
# HULL_RACE_ROUNDS: how many containers are started while somebody exchanges what they are made
# of, in all tests together. HULL_EXEC_ROUNDS: how many processes enter a container that attacks
# them, in each such test.

load setup
load terminal

RACE_ROUNDS=${HULL_RACE_ROUNDS:-10000}
EXEC_ROUNDS=${HULL_EXEC_ROUNDS:-1000}
RACES=10 # tests that share the rounds

# tool NAME: a program of tests/attacks, built by `make tools`.
tool() {
	local folder
	for folder in "${HULL%/*}/tests" "${HULL%/*/*}/tests" "$BATS_TEST_DIRNAME/../../build/tests"; do
		if [[ -x $folder/$1 ]]; then
			printf '%s\n' "$folder/$1"
			return
		fi
	done
	fail "tests/attacks/$1.c is not built: make tools"
}

# A folder of the host that no container may touch, and what the kernel does for everyone.
setup_victim() {
	VICTIM=$BATS_TEST_TMPDIR/victim
	mkdir -p "$VICTIM/sub"
	echo precious >"$VICTIM/file"
	VICTIM_BEFORE=$(victim_listing)
}
victim_listing() {
	find "$VICTIM" -printf '%P %y %m %U %G %s %l %n\n' | sort
	cat "$VICTIM/file" /proc/sys/kernel/core_pattern
	stat -c '%a %u %t %T' /dev/null /dev/ptmx
}
assert_victim_unharmed() { assert_eq "$(victim_listing)" "$VICTIM_BEFORE"; }

# assert_refused_or_harmless: hull failed in one line, or the container ran; nothing is left.
assert_refused_or_harmless() {
	[[ $status -eq 0 ]] || assert_error ''
	assert_victim_unharmed
	assert_nothing_left
}

with_capability() {
	config --arg c "$*" '.process.capabilities |= (.bounding += ($c | split(" "))
		| .permitted += ($c | split(" ")) | .effective += ($c | split(" ")))'
}

fresh_config() { cp "$BATS_RUN_TMPDIR/base/config.json" .; }
without_dev() { config 'del(.mounts[] | select(.destination | startswith("/dev")))'; }

# ---- what a container sees of a hull that enters it -------------------------------------------------

SECRET=secret-of-the-host

# intruder: a container that attacks every hull that it can see, with the rights that it has.
intruder() {
	touch "$BATS_TEST_TMPDIR/host-mark"
	cp "$(tool intruder)" "$ROOTFS/intruder"
	payload /intruder "$BATS_TEST_TMPDIR/host-mark" "$SECRET" "${1-}"
	INTRUDER_ROOT=$ROOTFS
	run_detached
	wait_until has_text ready "$OUT"
}

# assert_intruder_failed: it has seen hulls, and reached nothing of them.
assert_intruder_failed() {
	touch "$INTRUDER_ROOT/stop"
	wait_until has_text end "$OUT"
	if grep -qE '^[A-Z]' "$OUT"; then
		fail "$(awk '/^[A-Z]/ { n[$1 " " $3]++ } END { for (k in n) print n[k], k }' "$OUT")" || return
	fi
	[[ $(sed -n 's/^saw //p' "$OUT") -gt 0 ]] || fail "the intruder never saw a hull: $(<"$OUT")"
}

# attacked ARG...: hull, with something in its environment that is nobody else's business.
attacked() { HULL_SECRET=$SECRET hull "$@"; }

@test "CVE-2019-5736: hull's program is overwritten through /proc/PID/exe" {
	local sum n
	cp "$HULL" "$BATS_TEST_TMPDIR/hull"
	HULL=$BATS_TEST_TMPDIR/hull
	sum=$(sha256sum <"$HULL")
	printf '#!/proc/self/exe\n' >"$ROOTFS/evil"
	chmod +x "$ROOTFS/evil"
	with_capability CAP_SYS_PTRACE CAP_DAC_OVERRIDE CAP_SYS_ADMIN
	intruder
	for ((n = 0; n < EXEC_ROUNDS / 10; n++)); do
		try attacked exec "$ID" /evil
		try attacked exec "$ID" /proc/self/exe features
	done
	touch "$ROOTFS/stop"
	wait_until has_text end "$OUT"
	[[ $(sed -n 's/^saw //p' "$OUT") -gt 0 ]]
	run ! grep 'WRITABLE [0-9]* exe' "$OUT"
	assert_eq "$(sha256sum <"$HULL")" "$sum"
	# What the host may do with its program, it still may.
	: >>"$HULL"
}

@test "CVE-2016-9962: exec: traced, read and written by the container's root with the same rights" {
	local n
	intruder
	for ((n = 0; n < EXEC_ROUNDS; n++)); do
		attacked exec "$ID" /bin/true
	done
	assert_intruder_failed
}

@test "CVE-2016-9962: exec: the same in the host's pid namespace, where all of hull is seen" {
	local n
	without_namespace pid
	without_namespace cgroup
	intruder "$ID"
	for ((n = 0; n < EXEC_ROUNDS; n++)); do
		attacked exec "$ID" /bin/true
	done
	assert_intruder_failed
}

@test "CVE-2016-9962: exec: the same in a user namespace, by a container that may trace" {
	local n
	user_namespace
	without_namespace pid
	without_namespace cgroup
	with_capability CAP_SYS_PTRACE
	# A procfs of the host's processes belongs to the host.
	config '.mounts |= map(if .destination == "/proc" then
		{destination: "/proc", type: "bind", source: "/proc", options: ["rbind"]} else . end)'
	chmod 755 "$BATS_TEST_TMPDIR"
	intruder "$ID"
	for ((n = 0; n < EXEC_ROUNDS; n++)); do
		attacked exec "$ID" /bin/true
	done
	assert_intruder_failed
}

@test "CVE-2016-9962: create and run: seen by another container of the pod" {
	local n pod=$ID namespace
	intruder
	namespace=/proc/$(pid_of)/ns/pid
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	with_namespace pid "$namespace"
	config '.hooks.startContainer = [{path: "/bin/usleep", args: ["usleep", "2000"]}]'
	payload true
	ID=$pod-second
	for ((n = 0; n < EXEC_ROUNDS / 10; n++)); do
		attacked run "$ID"
		attacked create "$ID" </dev/null
		attacked start "$ID"
		attacked delete --force "$ID"
	done
	ID=$pod
	assert_intruder_failed
}

@test "CVE-2016-9962: a pod with a user namespace, by a container that may trace" {
	local n pod=$ID namespace
	user_namespace
	with_capability CAP_SYS_PTRACE
	chmod 755 "$BATS_TEST_TMPDIR"
	intruder
	namespace=/proc/$(pid_of)/ns
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	chown 100000:100000 rootfs rootfs/*
	with_namespace pid "$namespace/pid"
	with_namespace user "$namespace/user"
	payload true
	ID=$pod-second
	for ((n = 0; n < EXEC_ROUNDS / 10; n++)); do
		attacked run "$ID"
	done
	ID=$pod
	assert_intruder_failed
}

# ---- descriptors and the working directory ---------------------------------------------------------

@test "CVE-2024-21626: run: a leaked descriptor as the working directory" {
	local n
	for n in {3..40}; do
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		sed -i 's#"cwd": "/"#"cwd": "/proc/self/fd/'"$n"'"#' config.json
		run_script 'pwd; ls ../../../..'
		[[ $status -ne 0 && -z $output ]] || report "ran in descriptor $n"
	done
	assert_nothing_left
}

@test "CVE-2024-21626: exec: a leaked descriptor as the working directory" {
	local n
	ln -s /proc/self/fd/7 "$ROOTFS/link"
	run_sleeper
	for n in {3..40}; do
		try hull exec --cwd "/proc/self/fd/$n" "$ID" sh -c 'pwd; ls ../../../..'
		[[ $status -ne 0 && -z $output ]] || report "ran in descriptor $n"
	done
	try hull exec --cwd /link "$ID" pwd
	[[ $status -ne 0 && -z $output ]] || report "ran in a link to a descriptor"
}

@test "CVE-2024-21626: container, exec and hooks get no descriptor of hull or its caller" {
	script 'ls /proc/self/fd | xargs; cat /log-*; sleep 1000'
	printf '#!/bin/sh\nls /proc/self/fd | xargs\n' >"$ROOTFS/list"
	printf '#!/bin/sh\nls /proc/self/fd | xargs >>%s/hooks\n' "$BATS_TEST_TMPDIR" >"$BUNDLE/hook"
	chmod +x "$ROOTFS/list" "$BUNDLE/hook"
	config --arg hook "$BUNDLE/hook" '[{path: $hook}] as $hook | .hooks = {prestart: $hook,
		createRuntime: $hook, createContainer: $hook, poststart: $hook, poststop: $hook}'
	exec 7</etc/hostname 8</ 9</proc
	hull run --detach "$ID" >>"$OUT" 2>&1 </dev/null
	try hull exec "$ID" /list
	hull delete --force "$ID"
	exec 7<&- 8<&- 9<&-
	# 3 is the folder that ls lists.
	assert_output '0 1 2 3'
	assert_eq "$(head -n 1 "$OUT")" '0 1 2 3'
	assert_eq "$(sort -u "$BATS_TEST_TMPDIR/hooks")" '0 1 2 3'
	assert_eq "$(wc -l <"$BATS_TEST_TMPDIR/hooks")" 5
}

# ---- somebody changes the root file system meanwhile ---------------------------------------------------

# race ARG...: racer ARG... runs while $ID is started again and again. The container prints what is
# wrong, so that nothing is what it prints.
race() {
	local round failures=0 racer code
	"$(tool racer)" "$@" 2>"$BATS_TEST_TMPDIR/racer.err" 3>&- 4>&- &
	racer=$!
	for ((round = 0; round < RACE_ROUNDS / RACES; round++)); do
		code=0
		HULL_BATS=$ID "$HULL" --root "$STATE" run "$ID" >>"$OUT" 2>"$BATS_TEST_TMPDIR/race.err" \
			</dev/null 3>&- 4>&- || code=$?
		((code <= 1)) || fail "exit code $code" "$(<"$BATS_TEST_TMPDIR/race.err")" || return
		failures=$((failures + code))
		[[ ! -s $OUT ]] || fail "$(<"$OUT")" || return
		((round % 100)) || assert_victim_unharmed || return
	done
	disown "$racer"
	kill -KILL "$racer" || fail "the racer ended: $(<"$BATS_TEST_TMPDIR/racer.err")" || return
	echo "# $((round - failures)) of $round containers ran" >&3
	((failures < round)) || fail "no container ran at all: $(<"$BATS_TEST_TMPDIR/race.err")" || return
	assert_victim_unharmed
	run ! grep -F "$BATS_TEST_TMPDIR/" /proc/self/mountinfo
	assert_nothing_left
}

# spot: a folder that two names share, one of them a link to the host.
setup_spot() {
	setup_victim
	mkdir -p "$ROOTFS/shared/spot/sub"
	ln -s "$VICTIM" "$ROOTFS/shared/other"
}
race_spot() { race exchange "$ROOTFS/shared/spot" "$ROOTFS/shared/other"; }

@test "CVE-2021-30465, CVE-2019-18837: race: the target of a new mount" {
	setup_spot
	config '.mounts += [range(10) | {destination: "/shared/spot/sub/\(.)", type: "tmpfs",
		source: "race", options: ["size=4k"]}]'
	# A mount that is not below this root has gone somewhere else.
	script 'n=$(grep -c " race " /proc/self/mountinfo); [ $n = 10 ] || echo "$n mounts of 10"'
	race_spot
}

@test "CVE-2021-30465, CVE-2019-18837: race: the target of a bind mount, folder and file" {
	setup_spot
	mkdir "$BATS_TEST_TMPDIR/data"
	echo data >"$BATS_TEST_TMPDIR/data/file"
	mount_add /shared/spot/sub/folder none "$BATS_TEST_TMPDIR/data" rbind
	mount_add /shared/spot/file none "$BATS_TEST_TMPDIR/data/file" bind
	script 'n=$(grep -c " /shared/\| /victim\|$(echo /data)" /proc/self/mountinfo); [ $n -ge 2 ] || echo "$n mounts of 2"'
	race_spot
}

@test "CVE-2024-45310: race: folders and files that are made for mounts" {
	setup_spot
	mkdir "$BATS_TEST_TMPDIR/data"
	touch "$BATS_TEST_TMPDIR/data/file"
	# Removed by the payload, so that they are made again in each round.
	mount_add /shared/spot/new/a/b/c none "$BATS_TEST_TMPDIR/data" bind
	mount_add /shared/spot/newer/file none "$BATS_TEST_TMPDIR/data/file" bind
	config '.process.cwd = "/shared/spot/cwd/deep"'
	script 'cd /; umount /shared/spot/new/a/b/c 2>/dev/null
		rm -rf /shared/*/cwd /shared/*/newer /shared/*/new 2>/dev/null; true'
	race_spot
}

@test "CVE-2025-24965: race: devices that are made below a folder" {
	setup_spot
	config '.linux.devices = [{path: "/shared/spot/sub/device", type: "c", major: 1, minor: 3},
		{path: "/shared/spot/made/fifo", type: "p"}]'
	script 'rm -f /shared/*/sub/device /shared/*/made/fifo'
	race_spot
}

@test "CVE-2025-31133: race: masked and read-only paths" {
	setup_spot
	echo open >"$ROOTFS/shared/spot/file"
	config '.linux.maskedPaths += ["/shared/spot/file", "/shared/spot/sub"]
		| .linux.readonlyPaths += ["/shared/spot"]'
	payload true
	race_spot
	# Nor has the host's own become read-only or empty.
	touch "$VICTIM/still-writable"
}

@test "CVE-2025-31133: race: /dev/null of the image, which masks are not made from" {
	local n
	setup_victim
	without_dev
	mkdir "$ROOTFS/spare"
	echo harmless >"$ROOTFS/spare/file"
	ln -s "$VICTIM/file" "$ROOTFS/spare/link"
	mknod "$ROOTFS/spare/zero" c 1 5
	echo secret >"$ROOTFS/etc/secret"
	config '.linux.maskedPaths += ["/etc/secret"]'
	script 'grep -q . /etc/secret && echo unmasked; true'
	race replace "$ROOTFS/dev/null" "$ROOTFS"/spare/{file,link,zero}
}

@test "CVE-2025-52565, CVE-2026-88264: race: /dev/console of the image" {
	setup_victim
	config 'del(.mounts[] | select(.destination == "/dev"))'
	config '.process.terminal = true'
	mkdir "$ROOTFS/dev/pts" "$ROOTFS/dev/shm" "$ROOTFS/dev/mqueue" "$ROOTFS/spare"
	touch "$ROOTFS/spare/file"
	ln -s "$VICTIM/file" "$ROOTFS/spare/link"
	script 'true'
	race replace "$ROOTFS/dev/console" "$ROOTFS"/spare/{file,link}
}

@test "CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: race: /proc is renamed after procfs is on it" {
	setup_victim
	mkdir "$ROOTFS/other"
	# The names change while the container looks, the mounts do not.
	script 'until [ -s /dev/shm/mounts ]; do cat /proc/self/mountinfo 2>/dev/null >/dev/shm/mounts; done
		grep -q " /sys /[a-z]*/sys ro," /dev/shm/mounts || echo "/proc/sys is not read-only"
		grep -q " /[a-z]*/timer_list " /dev/shm/mounts || echo "/proc/timer_list is not masked"'
	race exchange "$ROOTFS/proc" "$ROOTFS/other"
}

@test "CVE-2026-41579, CVE-2026-47766: race: /dev of the image" {
	setup_victim
	without_dev
	ln -s "$VICTIM" "$ROOTFS/other"
	payload true
	race exchange "$ROOTFS/dev" "$ROOTFS/other"
}

@test "CVE-2021-30465: race: what tmpcopyup copies" {
	setup_spot
	mkdir -p "$ROOTFS/data/a" "$ROOTFS/spare"
	echo data >"$ROOTFS/data/a/file"
	ln -s "$VICTIM/file" "$ROOTFS/spare/link"
	mknod "$ROOTFS/spare/zero" c 1 5
	echo plain >"$ROOTFS/spare/plain"
	mount_add /data tmpfs race tmpcopyup
	script 'grep -sq precious /data/a/file && echo "a file of the host was copied"
		[ -c /data/a/file ] && echo "a device was copied"; true'
	race replace "$ROOTFS/data/a/file" "$ROOTFS"/spare/{plain,link,zero}
}
