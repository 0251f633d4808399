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
	# The tests' own programs are looked for beside it.
	mkdir "$BATS_TEST_TMPDIR/tests"
	cp "$(tool intruder)" "$BATS_TEST_TMPDIR/tests"
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
# wrong, so that nothing is what it prints. Folders in /shared/* called RACE_MADE are to be made anew.
RACE_MADE=
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
		((round % 10)) || [[ -z $RACE_MADE ]] ||
			find "$ROOTFS/shared" -mindepth 2 -maxdepth 2 -name "$RACE_MADE" \
				-execdir rm -rf {} + 2>/dev/null || true
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
	mount_add /shared/spot/made-1/a/b/c none "$BATS_TEST_TMPDIR/data" bind
	mount_add /shared/spot/made-2/file none "$BATS_TEST_TMPDIR/data/file" bind
	mount_add /shared/spot/made-3/a/b/c tmpfs race size=4k
	config '.process.cwd = "/shared/spot/made-4/deep"'
	payload true
	RACE_MADE='made-*'
	race_spot
}

@test "CVE-2025-24965: race: devices that are made below a folder" {
	setup_spot
	config '.linux.devices = [{path: "/shared/spot/sub/device", type: "c", major: 1, minor: 3},
		{path: "/shared/spot/made/fifo", type: "p"}, {path: "/shared/spot/made/null", type: "c", major: 1, minor: 3}]'
	payload true
	RACE_MADE='made'
	race_spot
}

@test "CVE-2025-31133, CVE-2025-62161: race: masked and read-only paths" {
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

@test "CVE-2018-15664, CVE-2021-30465: race: what tmpcopyup copies" {
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

# ---- what stands in for /proc -------------------------------------------------------------------------

@test "CVE-2025-52881, CVE-2019-16884: a fake procfs among the mounts" {
	local destination fake=$BATS_TEST_TMPDIR/fake before
	setup_victim
	mkdir -p "$fake"/{self,thread-self,1}/attr/apparmor "$fake/sys/kernel" "$fake/kernel" "$fake/attr/apparmor"
	touch "$fake"/{,self/,thread-self/,1/}attr/{exec,apparmor/exec} "$fake"/{sys/,}kernel/msgmax
	chmod -R a+w "$fake"
	ln -s proc "$ROOTFS/relative"
	ln -s /proc "$ROOTFS/absolute"
	before=$(find "$fake" -type f -size 0 | sort; cat /proc/sys/kernel/msgmax)
	for destination in /proc /proc/ //proc /./proc /etc/../proc /relative /absolute /proc/sys \
		/relative/sys /absolute/sys /proc/self /proc/1 /proc/thread-self /proc/self/attr \
		/absolute/self/attr /proc/1/attr/../attr; do
		for type in bind tmpfs; do
			fresh_config
			config '.linux.sysctl = {"kernel.msgmax": "11111"}'
			mount_add "$destination" "$type" "$fake" "$([[ $type == tmpfs ]] || echo rbind)"
			config '(.mounts[] | select(.type == "tmpfs")).options -= [""]'
			payload true
			try hull run "$ID"
			assert_refused_or_harmless
			config '.process.apparmorProfile = "hull-test-profile"'
			try hull run "$ID"
			assert_refused_or_harmless
			assert_eq "$(find "$fake" -type f -size 0 | sort; cat /proc/sys/kernel/msgmax)" "$before"
		done
	done
}

@test "CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: /proc and /sys of the image are links" {
	local name target
	setup_victim
	mkdir "$ROOTFS/elsewhere"
	payload true
	for name in proc sys; do
		for target in elsewhere /elsewhere ../../victim "$VICTIM" /dev dangling "$name"; do
			rm -rf "${ROOTFS:?}/$name"
			ln -s "$target" "$ROOTFS/$name"
			try hull run "$ID"
			assert_error "/$name"
			assert_victim_unharmed
			assert_nothing_left
		done
		rm "$ROOTFS/$name"
		mkdir "$ROOTFS/$name"
	done
	try hull run "$ID"
	assert_ok
}

@test "CVE-2025-52881, CVE-2025-62596: exec into a container whose /proc its root has made" {
	setup_victim
	with_capability CAP_SYS_ADMIN CAP_DAC_OVERRIDE
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	script 'mount -t tmpfs none /proc && mkdir -p /proc/self/attr/apparmor /proc/self/fd /proc/sys/kernel &&
		touch /proc/self/attr/exec /proc/self/attr/apparmor/exec /proc/self/oom_score_adj /proc/self/stat &&
		ln -s /proc/self /proc/thread-self && echo ready; sleep 1000'
	run_detached
	wait_until has_text ready "$OUT"
	try hull exec "$ID" sh -c 'find /proc -type f -size +0; id -u'
	assert_ok
	assert_output 0
	jq '.process | .oomScoreAdj = 77 | .apparmorProfile = "hull-test-profile" | .args = ["true"]' \
		config.json >process.json
	try hull exec --process process.json "$ID"
	try hull exec "$ID" find /proc -type f -size +0
	assert_output ''
	assert_victim_unharmed
}

# ---- what the runtime makes in the root file system ---------------------------------------------------

# device_kinds FILE: what an image may have where a device belongs, one after the other.
device_kinds=(file link dangling-link link-to-device zero folder fifo socket)
device_kind() {
	rm -rf "$2"
	case $1 in
	file) echo image >"$2" ;;
	link) ln -s "$VICTIM/file" "$2" ;;
	dangling-link) ln -s "$VICTIM/new" "$2" ;;
	link-to-device) ln -s /proc/sysrq-trigger "$2" ;;
	zero) mknod "$2" c 1 5 ;;
	folder) mkdir -p "$2/full" ;;
	fifo) mkfifo "$2" ;;
	socket) "$PYTHON" -c 'import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))' "$2" ;;
	esac
}

@test "CVE-2026-88265, CVE-2025-31133: /dev/null of the image is something else" {
	local kind
	setup_victim
	echo secret >"$ROOTFS/etc/secret"
	for kind in "${device_kinds[@]}"; do
		fresh_config
		without_dev
		config '.linux.maskedPaths += ["/etc/secret"]'
		device_kind "$kind" "$ROOTFS/dev/null"
		run_script 'stat -c "%t:%T" /dev/null; echo lost >/dev/null; cat /dev/null /etc/secret'
		# A folder is not taken away.
		[[ $status -eq 0 && $output == 1:3 ]] || { [[ $kind == folder ]] && assert_error /dev/null; }
		assert_victim_unharmed
		assert_nothing_left
	done
}

@test "CVE-2026-88265: the same in a user namespace, where devices are bound" {
	local kind
	setup_victim
	user_namespace
	without_dev
	for kind in "${device_kinds[@]}"; do
		device_kind "$kind" "$ROOTFS/dev/null"
		run_script 'stat -c "%t:%T" /dev/null; echo lost >/dev/null; cat /dev/null'
		[[ $status -eq 0 && $output == 1:3 ]] || { [[ $kind == folder ]] && assert_error /dev/null; }
		assert_victim_unharmed
		assert_nothing_left
	done
}

@test "CVE-2026-88264, CVE-2025-52565: /dev/console and /dev/pts of the image are something else" {
	local kind name
	setup_victim
	# The image's own /dev, but for devpts; then an image's /dev/pts without one.
	config 'del(.mounts[] | select(.destination | test("^/dev$|^/dev/(shm|mqueue)$")))
		| .process.terminal = true'
	mkdir "$ROOTFS/dev/pts"
	script '[ -t 0 ] && echo terminal'
	for kind in "${device_kinds[@]}"; do
		device_kind "$kind" "$ROOTFS/dev/console"
		on_terminal run "$ID"
		[[ $output == terminal* ]] || [[ $kind == folder && $status -eq 1 ]] || report "$kind"
		assert_victim_unharmed
		assert_nothing_left
	done
	rm -rf "$ROOTFS/dev/console"
	without_dev
	for kind in "${device_kinds[@]}"; do
		for name in ptmx 0; do
			rm -rf "${ROOTFS:?}/dev/pts"
			mkdir "$ROOTFS/dev/pts"
			device_kind "$kind" "$ROOTFS/dev/pts/$name"
			on_terminal run "$ID"
			[[ $output == *devpts* && $status -eq 1 ]] || report "$kind"
			assert_victim_unharmed
			assert_nothing_left
		done
	done
	rm -rf "${ROOTFS:?}/dev/pts"
	ln -s "$VICTIM" "$ROOTFS/dev/pts"
	on_terminal run "$ID"
	assert_status 1
	assert_victim_unharmed
}

@test "CVE-2026-41579, CVE-2026-47766: /dev of the image is a link to the host" {
	local target
	setup_victim
	touch "$VICTIM/ptmx" "$VICTIM/null" "$VICTIM/console"
	VICTIM_BEFORE=$(victim_listing)
	payload true
	for target in "$VICTIM" ../../victim ../../../../../../../../../../../../../../tmp /; do
		fresh_config
		rm -rf "${ROOTFS:?}/dev"
		ln -s "$target" "$ROOTFS/dev"
		payload true
		try hull run "$ID"
		assert_refused_or_harmless
		without_dev
		try hull run "$ID"
		assert_refused_or_harmless
	done
}

@test "CVE-2025-24965: every name that hull makes is a link, or below one" {
	local name
	setup_victim
	touch "$VICTIM"/{fd,stdin,stdout,stderr,core,ptmx,null,zero,full,tty,device,console}
	VICTIM_BEFORE=$(victim_listing)
	mkdir -p "$BATS_TEST_TMPDIR/data" "$ROOTFS/a"
	touch "$BATS_TEST_TMPDIR/data/file"
	for name in fd stdin stdout stderr core ptmx null zero full random urandom tty console device pts \
		shm mqueue; do
		ln -s "$VICTIM/$name" "$ROOTFS/dev/$name"
		ln -s "../../../victim/$name" "$ROOTFS/a/$name"
	done
	ln -s "$VICTIM" "$ROOTFS/victim"
	ln -s ../../victim "$ROOTFS/also"
	config 'del(.mounts[] | select(.destination == "/dev"))
		| .process.cwd = "/victim/cwd/deep"
		| .linux.devices = [("/dev/device", "/a/device", "/victim/device", "/also/x/device")
			| {path: ., type: "c", major: 1, minor: 3, fileMode: 511, uid: 7, gid: 7}]
		| .linux.maskedPaths += ["/victim/file", "/also/sub", "/a/core"]
		| .linux.readonlyPaths += ["/victim", "/also/sub"]'
	for name in /victim/sub /also/new/deep /victim /a/stdin/x; do
		mount_add "$name" none "$BATS_TEST_TMPDIR/data" bind
		mount_add "$name" tmpfs tmpfs size=4k
	done
	mount_add /victim/file none "$BATS_TEST_TMPDIR/data/file" bind
	mount_add /also/brand-new none "$BATS_TEST_TMPDIR/data/file" bind
	run_script 'echo ran'
	assert_refused_or_harmless
	touch "$VICTIM/still-writable"
}

@test "CVE-2019-18837: links that never end, and the deepest of paths" {
	local n place deep
	setup_victim
	ln -s loop2 "$ROOTFS/loop1"
	ln -s /loop1 "$ROOTFS/loop2"
	ln -s self/self/self "$ROOTFS/self"
	for ((n = 0; n < 100; n++)); do ln -s "chain$((n + 1))" "$ROOTFS/chain$n"; done
	ln -s "$VICTIM" "$ROOTFS/chain100"
	deep=$(printf '/d%.0s' {1..3000})
	for place in /loop1 /loop1/x /self /chain0 /chain0/x "$deep" "/$(printf 'n%.0s' {1..300})" \
		"/..$(printf '/..%.0s' {1..500})/etc/x"; do
		for what in mount device cwd masked; do
			fresh_config
			case $what in
			mount) mount_add "$place" tmpfs tmpfs size=4k ;;
			device) config --arg p "$place" '.linux.devices = [{path: $p, type: "c", major: 1, minor: 3}]' ;;
			cwd) config --arg p "$place" '.process.cwd = $p' ;;
			masked) config --arg p "$place" '.linux.maskedPaths += [$p]' ;;
			esac
			payload true
			try hull run "$ID"
			assert_refused_or_harmless
		done
	done
}

# ---- rights ---------------------------------------------------------------------------------------------

@test "CVE-2022-27650, CVE-2022-29162, CVE-2022-24769, CVE-2025-27612: inheritable capabilities" {
	hull spec --bundle "$BATS_TEST_TMPDIR"
	assert_eq "$(jq -c '.process.capabilities | [.inheritable // [], .ambient // []]' \
		"$BATS_TEST_TMPDIR/config.json")" '[[],[]]'
	script 'grep -E "^Cap(Inh|Amb)" /proc/self/status; sleep 1000'
	run_detached
	wait_until has_text CapAmb "$OUT"
	assert_eq "$(<"$OUT")" $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
	try hull exec --cap CAP_NET_ADMIN --cap CAP_SYS_TIME "$ID" grep -E '^Cap(Inh|Amb)' /proc/self/status
	assert_output $'CapInh:\t0000000000000000\nCapAmb:\t0000000000000000'
	try hull exec --cap CAP_NET_ADMIN --user 1000 "$ID" grep -E '^Cap(Inh|Prm|Eff)' /proc/self/status
	assert_has $'CapInh:\t0000000000000000'
}

@test "CVE-2026-30892: exec --user with what is no user" {
	local user
	run_sleeper
	for user in '' 1000: :5 : -1 +1 ' 1' '1 ' 4294967295 4294967296 18446744073709551616 1000x 0x0 root \
		root:x root:root 1000:x 1:2:3 1000:-1 1000:4294967296 1e3 $'1\n0'; do
		try hull exec --user "$user" "$ID" sh -c 'id -u >/ran'
		[[ $status -ne 0 ]] || report "--user '$user' was taken"
		[[ ! -e $ROOTFS/ran ]]
	done
	try hull exec --user 1000:2000 "$ID" sh -c 'id -u; id -g'
	assert_output $'1000\n2000'
}

@test "CVE-2023-25809: the host's cgroups are not writable from a user namespace" {
	local options
	user_namespace
	without_namespace cgroup
	for options in '["nosuid","noexec","nodev","relatime","ro"]' '["nosuid","noexec","nodev","relatime"]'; do
		config --argjson o "$options" '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options = $o'
		run_script 'find /sys/fs/cgroup -type d | while read -r d; do
				# What is no group is a tmpfs, and ours.
				mkdir "$d/$ID" && [ -e "$d/cgroup.procs" ] && echo "made $d/$ID"
				for f in cgroup.procs tasks release_agent cgroup.subtree_control devices.allow; do
					[ -e "$d/$f" ] || continue
					( echo 0 >"$d/$f" ) && echo "wrote $d/$f"
				done
			done 2>/dev/null; echo end'
		assert_output end
	done
}

@test "CVE-2021-43784: 70 kB and more where a length could overflow" {
	local long filter
	long=$(printf '%070000d' 0)
	user_namespace
	for filter in '.hostname = $l' '.domainname = $l' '.process.env += ["LONG=" + $l]' \
		'.process.cwd = "/" + $l' '.annotations = {a: $l, ($l): "b"}' \
		'.mounts += [{destination: ("/" + $l), type: "tmpfs", source: "tmpfs"}]' \
		'.mounts += [{destination: "/m", type: "tmpfs", source: $l}]' \
		'.mounts += [{destination: "/m", type: "tmpfs", source: "tmpfs", options: [("size=" + $l)]}]' \
		'.linux.cgroupsPath = "/" + $l' '.linux.sysctl = {"kernel.msgmax": $l}' \
		'.linux.maskedPaths += ["/" + $l]' '.linux.namespaces += [{type: "time", path: ("/" + $l)}]' \
		'.linux.uidMappings += [range(10000) | {containerID: (70000 + .), hostID: (200000 + .), size: 1}]' \
		'.linux.timeOffsets = {boottime: {secs: 1}} | .process.user.additionalGids = [range(30000)]'; do
		cp config.json config.saved
		config --arg l "$long" "$filter"
		run_script 'cat /proc/self/uid_map | xargs; grep -c 0000000000 /proc/self/status'
		# Whatever it is, never without the user namespace and with more rights.
		[[ $status -eq 0 && ${output%%$'\n'*} == "0 100000 65536"* ]] || assert_error ''
		assert_nothing_left
		mv config.saved config.json
	done
}

@test "CVE-2019-14271: exec reads nothing of the container's that it could wait or die for" {
	local kind file
	setup_victim
	run_sleeper
	for kind in "${device_kinds[@]}" sparse loop; do
		for file in passwd group hostname resolv.conf ld.so.preload nsswitch.conf; do
			case $kind in
			sparse) rm -rf "${ROOTFS:?}/etc/$file" && truncate -s 4G "$ROOTFS/etc/$file" ;;
			loop) rm -rf "${ROOTFS:?}/etc/$file" && ln -s "$file" "$ROOTFS/etc/$file" ;;
			*) device_kind "$kind" "$ROOTFS/etc/$file" ;;
			esac
		done
		try hull exec --user 1000 "$ID" sh -c 'echo $HOME'
		assert_ok
		assert_output /
	done
	assert_victim_unharmed
}

@test "CVE-2016-3697: a setuid program gains no more than the container may" {
	mkdir "$ROOTFS/suid"
	cp "$ROOTFS/bin/busybox" "$ROOTFS/suid/busybox"
	chmod 4755 "$ROOTFS/suid/busybox"
	config '.process.noNewPrivileges = false'
	run_sleeper
	try hull exec --user 1000 "$ID" /suid/busybox grep -E '^Cap(Prm|Bnd)' /proc/self/status
	assert_ok
	# CAP_KILL, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE: those of the configuration.
	[[ $(sed -n 's/^CapBnd:\t//p' <<<"$output") == 0000000020000420 ]]
	((0x$(sed -n 's/^CapPrm:\t//p' <<<"$output") & ~0x20000420)) && report "more than its bounding set"
	try hull exec --user 1000 --no-new-privs "$ID" /suid/busybox grep -E '^(Uid|CapPrm)' /proc/self/status
	assert_has $'Uid:\t1000\t1000\t1000\t1000' $'CapPrm:\t0000000000000000'
}

# ---- the caller: terminal, keys, state ---------------------------------------------------------------------

@test "CVE-2017-5226: a container types on the terminal of whoever started it" {
	local terminal
	cp "$(tool reach)" "$ROOTFS/reach"
	with_capability CAP_SYS_TTY_CONFIG
	for terminal in false true; do
		config --argjson t "$terminal" '.process.terminal = $t'
		payload /reach terminal $'evil\n'
		try "$PYTHON" "$BATS_TEST_DIRNAME/runtty.py" env "$MARK" bash -c '
			"$HULL" --root "$STATE" run "$ID"
			IFS= read -rt 0.2 line
			echo "typed:[$line]"' 3>&- 4>&-
		assert_has 'typed:[]'
		$terminal || assert_has refused
	done
	config '.process.terminal = false'
	run_sleeper
	try "$PYTHON" "$BATS_TEST_DIRNAME/runtty.py" env "$MARK" bash -c '
		"$HULL" --root "$STATE" exec "$ID" /reach terminal "evil
"
		IFS= read -rt 0.2 line
		echo "typed:[$line]"' 3>&- 4>&-
	assert_has refused 'typed:[]'
}

@test "keyring: one that waits under the container's name is not joined" {
	cp "$(tool reach)" "$ROOTFS/reach"
	# Somebody with the same user id, in a session of his own; 0x3f3f3f3f: everything for everybody.
	"$PYTHON" - "$ID" >"$BATS_TEST_TMPDIR/keys" 3>&- 4>&- <<-'EOF' &
		import ctypes, os, sys, time
		call = ctypes.CDLL(None).syscall
		add_key, keyctl = (248, 250) if os.uname().machine == "x86_64" else (217, 219)
		ring = call(keyctl, 1, b"_ses." + sys.argv[1].encode())
		call(keyctl, 5, ring, 0x3f3f3f3f)
		call(add_key, b"user", b"hull-bait", b"x", 1, ring)
		print("waits", ring, flush=True)
		time.sleep(30)
	EOF
	wait_until has_text waits "$BATS_TEST_TMPDIR/keys"
	payload /reach key hull-bait
	try hull run "$ID"
	assert_ok
	assert_output refused
	run_sleeper
	try hull exec "$ID" /reach key hull-bait
	assert_output refused
	kill %1
}

@test "--no-pivot: the host is not found behind the root, by chroot or by exec" {
	touch "$BATS_TEST_TMPDIR/host-mark"
	cp "$(tool reach)" "$ROOTFS/reach"
	with_capability CAP_SYS_CHROOT
	payload /reach chroot "$BATS_TEST_TMPDIR/host-mark"
	try hull run --no-pivot "$ID"
	assert_ok
	assert_output refused
	run_sleeper --no-pivot
	try hull exec "$ID" sh -c "ls / | xargs; ls -d $BATS_TEST_TMPDIR/host-mark"
	assert_eq "$output" "$(cd "$ROOTFS" && echo *)"
}

@test "state: the folder is the runtime's alone, and no container sees it" {
	STATE=$BATS_TEST_TMPDIR/fresh-state
	script "grep -c fresh-state /proc/self/mountinfo; ls -d $STATE; sleep 1000"
	create_container
	assert_eq "$(stat -c '%a %U' "$STATE")" '700 root'
	assert_eq "$(stat -c %a "$STATE/$ID/state.json" "$STATE/$ID/config.json" "$STATE/$ID/lock" | sort -u)" 600
	# Nobody else starts the container, or answers in its place.
	run "$PYTHON" -c 'import os, sys; os.setgid(65534); os.setuid(65534); os.open(sys.argv[1], os.O_RDWR)' \
		"$STATE/$ID/exec.fifo"
	[[ $output == *"Permission denied"* ]] || fail "$output"
	hull start "$ID"
	wait_until has_text 0 "$OUT"
	run ! grep -F "$STATE" <(grep -v '^ls:' "$OUT")
	hull delete --force "$ID"
}

@test "names: no id and no cgroup path leads out" {
	local id path before
	setup_victim
	payload true
	for id in .. . ../x x/../y /x 'x/y' $'x\ny' '@seccomp' '.hidden' ''; do
		for command in "run" "create" "delete --force" "state" "kill" "start"; do
			# shellcheck disable=SC2086 # the command is words
			try hull $command "$id"
			assert_error ''
		done
	done
	before=$(find /sys/fs/cgroup -maxdepth 2 -name '*-climb' | wc -l)
	for path in "../$ID-climb" "/../$ID-climb" "/a/../../$ID-climb" "../../../../$ID-climb" "$ID/.." ".." "/.."; do
		config --arg p "$path" '.linux.cgroupsPath = $p'
		try hull run "$ID"
		assert_refused_or_harmless
	done
	assert_eq "$(find /sys/fs/cgroup -maxdepth 2 -name '*-climb' | wc -l)" "$before"
}

# ---- containers that resist -----------------------------------------------------------------------------------

@test "a fork bomb is deleted" {
	config '.linux.resources.pids = {limit: 300}'
	script 'b() { b | b & }; b; while :; do b; done 2>/dev/null'
	run_detached
	nap 0.3
	hull delete --force "$ID"
	assert_nothing_left
}

@test "a fork bomb in groups below groups is deleted" {
	config '.linux.resources.pids = {limit: 300}
		| (.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
	with_capability CAP_SYS_ADMIN CAP_DAC_OVERRIDE
	# One below the other in each hierarchy, deeper than anybody needs, and a process in the last.
	script 'cd /sys/fs/cgroup
		[ -e cgroup.procs ] && set -- . || set -- *
		for h; do
			( cd "$h" || exit
			n=0
			while [ $n -lt 150 ] && mkdir g && cd g; do n=$((n + 1)); done
			[ -e tasks ] && p=tasks || p=cgroup.procs
			sleep 1000 & echo $! >$p
			while :; do sleep 1000 & echo $! >$p; wait $!; done ) 2>/dev/null &
		done
		echo ready; wait'
	run_detached
	wait_until has_text ready "$OUT"
	nap 0.3
	try hull delete --force "$ID"
	assert_ok
	assert_nothing_left
}

@test "exec joins while the container moves its mounts" {
	local n ran=0
	touch "$BATS_TEST_TMPDIR/host-mark"
	with_capability CAP_SYS_ADMIN CAP_SYS_CHROOT CAP_DAC_OVERRIDE
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	script 'mkdir -p /one /two; mount --bind / /one && echo ready
		while :; do
			mount --move /one /two; mount -t tmpfs none /dev; mount --bind /two/proc /proc
			mount --move /two /one; umount /dev; umount -l /proc; mount -t proc proc /proc
		done 2>/dev/null'
	run_detached
	wait_until has_text ready "$OUT"
	for ((n = 0; n < EXEC_ROUNDS / 10; n++)); do
		try hull exec "$ID" sh -c "ls -d $BATS_TEST_TMPDIR/host-mark; ls -d /one"
		assert_lacks host-mark
		[[ $output != /one ]] || ran=$((ran + 1))
	done
	((ran > 0)) || report "no exec got in"
}

# ---- the documentation -----------------------------------------------------------------------------------------

@test "docs/security.md names a test for each CVE, and each CVE that is tested" {
	local page=$BATS_TEST_DIRNAME/../../docs/security.md cve name rows=0
	while IFS='|' read -r _ cve _ name _; do
		read -r cve <<<"$cve"
		read -r name <<<"$name"
		grep -F "@test \"" "$BATS_TEST_FILENAME" | grep -F "$name" | grep -qF "$cve" ||
			fail "security.md: $cve: no test of this CVE has \"$name\" in its name" || return
		rows=$((rows + 1))
	done < <(grep '^| CVE-' "$page")
	((rows >= 30))
	while read -r cve; do
		grep -q "^| $cve " "$page" || fail "security.md: no row for $cve" || return
	done < <(grep '^@test' "$BATS_TEST_FILENAME" | grep -o 'CVE-[0-9]*-[0-9]*' | sort -u)
}
