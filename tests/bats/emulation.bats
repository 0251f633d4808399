#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's; try sets $output
# The annotation hull.emulator: programs of other architectures in a container (docs/emulation.md).

load setup
load terminal
load foreign

setup_file() {
	if $PEER; then skip "hull's own annotation"; fi
	foreign_find
}

@test "emulator: five architectures: uname, children, scripts, the name that a program was called by" {
	local arch
	printf '#!/bin/sh\necho "script $1 $(uname -m)"\n' >"$ROOTFS/script"
	chmod +x "$ROOTFS/script"
	script 'uname -m; sh -c "readlink /proc/self/exe | head -c 100; exit 3"; echo $?; /script one; /bin/echo called'
	for arch in "${!MACHINES[@]}"; do
		foreign "$arch"
		try hull run "$ID"
		assert_ok
		assert_output "${MACHINES[$arch]}"$'\n'/bin/busybox$'\n'3$'\n'"script one ${MACHINES[$arch]}"$'\n'called
	done
}

@test "emulator: the machine's own registrations stay as they are, and its programs too" {
	local before
	before=$(registrations)
	foreign riscv64
	run_sleeper
	assert_eq "$(registrations)" "$before"
	status=0
	"$ROOTFS/bin/busybox" true 2>/dev/null || status=$?
	assert_status 126
	try hull exec "$ID" uname -m
	assert_output riscv64
	# Another container beside it has its own.
	script 'ls /proc/sys/fs/binfmt_misc'
	foreign s390x
	try hull run "$ID-2"
	assert_output $'qemu-s390x\nregister\nstatus'
	hull delete --force "$ID"
	assert_eq "$(registrations)" "$before"
}

@test "emulator: root's container gets a user namespace in which every id is itself" {
	foreign aarch64
	script 'cat /proc/self/uid_map /proc/self/gid_map; touch /made; chmod 4711 /made; stat -c "%u %a" /made /bin; readlink /proc/self/ns/user'
	try hull run "$ID"
	assert_ok
	assert_has "0          0 4294967295"
	assert_has $'\n0 4711\n0 755'
	[[ ${output##*$'\n'} != $(readlink /proc/self/ns/user) ]]
	assert_eq "$(stat -c '%u %a' "$ROOTFS/made")" "0 4711"
	# As it was: without the annotation nothing changes.
	without_emulator_it_has_the_hosts_user_namespace
}
without_emulator_it_has_the_hosts_user_namespace() {
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	config 'del(.annotations)'
	script 'readlink /proc/self/ns/user'
	try hull run "$ID"
	assert_output "$(readlink /proc/self/ns/user)"
}

@test "emulator: in a user namespace that config.json has" {
	foreign arm
	user_namespace
	script 'uname -m; cat /proc/self/uid_map; ls /proc/sys/fs/binfmt_misc'
	try hull run "$ID"
	assert_ok
	assert_eq "$(xargs <<<"$output")" "armv7l 0 100000 65536 qemu-arm register status"
}

@test "emulator: containers that share a user namespace share its emulators" {
	local before pid
	before=$(registrations)
	foreign riscv64
	user_namespace
	run_sleeper
	pid=$(pid_of)
	ROOTFS=$BATS_TEST_TMPDIR/second/rootfs
	bundle_make "${ROOTFS%/*}"
	cd "${ROOTFS%/*}"
	chown 100000:100000 "$ROOTFS" "$ROOTFS"/*
	foreign s390x
	with_namespace user "/proc/$pid/ns/user"
	script 'uname -m; ls /proc/sys/fs/binfmt_misc'
	try hull run "$ID-2"
	assert_ok
	assert_output $'s390x\nqemu-riscv64\nqemu-s390x\nregister\nstatus'
	# What is there already is not asked for again; another one in its place would be the first's too.
	annotate "$(emulators riscv64 s390x)"
	try hull run "$ID-2"
	assert_output $'s390x\nqemu-riscv64\nqemu-s390x\nregister\nstatus'
	cp "$FOREIGN/qemu-riscv64" "$BATS_TEST_TMPDIR/other"
	annotate "riscv64=$BATS_TEST_TMPDIR/other"
	try hull run "$ID-2"
	assert_error hull.emulator "another emulator for riscv64" "$BATS_TEST_TMPDIR/other"
	assert_nothing_left "$ID-2"
	try hull exec "$ID" uname -m
	assert_output riscv64
	assert_eq "$(registrations)" "$before"
}

@test "emulator: devices are bound, and no program makes one" {
	foreign riscv64
	config '.linux.devices = [{path: "/dev/kmsg", type: "c", major: 1, minor: 11}]'
	script 'stat -c "%t:%T" /dev/null /dev/kmsg; /bin/busybox mknod /made c 1 3'
	try hull run "$ID"
	assert_output $'1:3\n1:b'
	[[ $stderr == *"not permitted"* ]]
	# Only what the machine has in the same place.
	config '.linux.devices = [{path: "/dev/other", type: "c", major: 1, minor: 5}]'
	try hull run "$ID"
	assert_error "/dev/other of the host"
	assert_nothing_left
}

# identity_namespace COMMAND...: in user and mount namespaces in which 65536 ids are themselves.
identity_namespace() {
	local pid
	mkfifo "$BATS_TEST_TMPDIR/mapped"
	unshare --user --mount -- sh -c 'read -r _ <"$1"; shift; exec "$@"' - "$BATS_TEST_TMPDIR/mapped" "$@" &
	pid=$!
	is_apart() { [[ $(readlink "/proc/$pid/ns/user") != "$(readlink /proc/self/ns/user)" ]]; }
	wait_until is_apart
	echo "0 0 65536" | tee "/proc/$pid/uid_map" >"/proc/$pid/gid_map"
	echo >"$BATS_TEST_TMPDIR/mapped"
	wait "$pid"
}

@test "emulator: a hull that is itself in a user namespace in which ids are themselves" {
	foreign riscv64
	script 'uname -m; cat /proc/self/uid_map; stat -c "%t:%T %u" /dev/null; /bin/busybox mknod /made c 1 3'
	try identity_namespace env "$MARK" timeout -s KILL "$HULL_TIMEOUT" \
		"$HULL" --root "$BATS_TEST_TMPDIR/inner" --cgroup-manager disabled run "$ID"
	assert_eq "$(xargs <<<"$output")" "riscv64 0 0 65536 1:3 0"
	[[ $stderr == *"not permitted"* ]]
}

@test "emulator: several architectures in one container" {
	foreign riscv64
	mkdir "$ROOTFS"/{other,small,own}
	cp "$FOREIGN/busybox-aarch64" "$ROOTFS/other/busybox"
	cp "$FOREIGN/busybox-i386" "$ROOTFS/small/busybox"
	cp "$(command -v busybox)" "$ROOTFS/own/busybox"
	annotate "$FOREIGN/qemu-riscv64,arm64=$FOREIGN/qemu-aarch64,$FOREIGN/qemu-i386"
	script 'uname -m; /other/busybox uname -m; /small/busybox uname -m; /own/busybox uname -m
		/own/busybox sh -c "/other/busybox uname -m; /bin/uname -m"'
	try hull run "$ID"
	assert_ok
	assert_output $'riscv64\naarch64\ni686\n'"$(uname -m)"$'\naarch64\nriscv64'
}

@test "emulator: exec, create and start, exit codes" {
	foreign s390x
	run_sleeper
	try hull exec "$ID" sh -c 'uname -m; exit 9'
	assert_status 9
	assert_output s390x
	try hull exec --user 1000 "$ID" id -u
	assert_output 1000
	hull kill "$ID" TERM
	wait_status stopped
	hull delete "$ID"
	script 'uname -m; exit 5'
	create_container
	hull start "$ID"
	wait_status stopped
	has_text s390x "$OUT"
	hull delete "$ID"
	try hull run "$ID"
	assert_status 5
}

@test "emulator: signals reach the program, and end it" {
	foreign ppc64le
	script 'trap "echo caught; exit 4" USR1; echo ready; while :; do sleep 0.05; done'
	run_detached
	wait_until has_text ready "$OUT"
	hull kill "$ID" USR1
	wait_status stopped
	has_text caught "$OUT"
	hull delete "$ID"
	script 'sh -c "kill -TERM \$\$"; echo $?; exit 0'
	try hull run "$ID"
	assert_output 143
}

@test "emulator: a terminal" {
	foreign aarch64
	config '.process.terminal = true'
	script 'tty; stty size; uname -m'
	on_terminal --size 31x77 run "$ID"
	assert_ok
	assert_output $'/dev/pts/0\n31 77\naarch64'
}

@test "emulator: set-user-ID programs get the owner's rights, unless noNewPrivileges forbids it" {
	foreign riscv64
	mkdir "$ROOTFS/raised"
	install -m 4755 "$FOREIGN/busybox-riscv64" "$ROOTFS/raised/busybox"
	config '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false
		| del(.process.capabilities)'
	script '/raised/busybox grep ^Uid /proc/self/status | tr "\t" " "'
	try hull run "$ID"
	# Busybox gives them back at once, but for the saved one.
	assert_output "Uid: 1000 1000 0 1000"
	config '.process.noNewPrivileges = true'
	try hull run "$ID"
	assert_output "Uid: 1000 1000 1000 1000"
}

@test "emulator: seccomp has the machine's own system call numbers" {
	foreign aarch64
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}]}'
	script '/bin/busybox mkdir /folder 2>&1; uname -m'
	try hull run "$ID"
	assert_ok
	assert_has "not supported" aarch64
}

@test "emulator: hooks in the container are programs of its architecture" {
	foreign riscv64
	printf '#!/bin/sh\nuname -m >/hooked\n' >"$ROOTFS/hook"
	chmod +x "$ROOTFS/hook"
	config '.hooks.startContainer = [{path: "/hook"}]'
	script 'cat /hooked'
	try hull run "$ID"
	assert_output riscv64
}

@test "emulator: what is registered is read-only there, also below a read-only /proc/sys" {
	foreign arm
	config '.linux.readonlyPaths = ["/proc/sys"]'
	script 'echo -1 >/proc/sys/fs/binfmt_misc/status; echo $?; grep -c " /proc/sys/fs/binfmt_misc binfmt_misc ro," /proc/mounts; uname -m'
	try hull run "$ID"
	assert_ok
	[[ ${output%%$'\n'*} != 0 ]]
	[[ ${output##*$'\n'} == armv7l ]]
}

@test "emulator: names alone are looked for on the machine; auto takes all that it has" {
	foreign riscv64
	annotate riscv64
	script 'uname -m; ls /proc/sys/fs/binfmt_misc'
	machine_with riscv64 aarch64 i386
	assert_ok
	assert_output $'riscv64\nqemu-riscv64\nregister\nstatus'
	annotate arm64,riscv64
	machine_with riscv64 aarch64 i386
	assert_output $'riscv64\nqemu-aarch64\nqemu-riscv64\nregister\nstatus'
	# What the machine executes by itself (most do i386) needs no emulator.
	annotate auto
	machine_with riscv64 aarch64
	assert_output $'riscv64\nqemu-aarch64\nqemu-riscv64\nregister\nstatus'
	annotate s390x
	machine_with riscv64
	assert_error hull.emulator "no emulator for s390x" qemu-user-static
	annotate auto
	machine_with
	assert_error hull.emulator "has no emulator" qemu-user-static
}

# machine_with ARCH...: hull runs on a machine that has these emulators and no other.
machine_with() {
	local arch bin=$BATS_TEST_TMPDIR/bin
	rm -rf "$bin"
	mkdir -p "$bin"
	for arch; do cp "$FOREIGN/qemu-$arch" "$bin/"; done
	try env "$MARK" timeout -s KILL "$HULL_TIMEOUT" unshare --mount sh -c 'mount --bind "$1" /usr/local/bin &&
		mount --bind "$1" /usr/bin && shift && exec "$@"' - "$bin" "$HULL" --root "$STATE" run "$ID"
}

@test "emulator: without it, the error names the architecture" {
	foreign riscv64
	config 'del(.annotations)'
	try hull run "$ID"
	assert_error "exec format error" "riscv64" "hull.emulator"
}

# refused TEXT WORD...: hull says so, and starts nothing.
refused() {
	local text=$1
	shift
	annotate "$text"
	try hull run "$ID"
	assert_error hull.emulator "$@"
	assert_nothing_left
}

@test "emulator: bad values" {
	foreign riscv64
	refused '' "must be auto"
	refused vax "must be auto" vax
	refused riscv64=qemu "must be absolute"
	refused riscv64= "must be absolute"
	refused /usr/bin/env "does not tell which architecture" "ARCH=/usr/bin/env"
	refused amd64 "this machine itself executes"
	refused "$(emulators riscv64),$(emulators riscv64)" "there twice"
	annotate vax
	try hull spec --check
	assert_error hull.emulator vax
}

@test "emulator: one that is missing, damaged, of another architecture, or in need of libraries" {
	local file=$BATS_TEST_TMPDIR/file
	foreign riscv64
	refused riscv64=/no/such/emulator "/no/such/emulator"
	refused "riscv64=$FOREIGN/busybox-aarch64" "no program of this machine" arm64
	refused "riscv64=$BATS_TEST_TMPDIR" "is no program"
	printf '\177ELF\2\1\1' >"$file"
	chmod +x "$file"
	refused "riscv64=$file" "is no program"
	printf '#!/bin/sh\n# long enough to be a header\n' >"$file"
	refused "riscv64=$file" "no program of this machine"
	refused "riscv64=$(realpath "$(command -v bash)")" "shared libraries"
	head -c 64 "$FOREIGN/qemu-riscv64" >"$file"
	refused "riscv64=$file" damaged
	install -m 644 "$FOREIGN/qemu-riscv64" "$file"
	refused "riscv64=$file" "is no program"
}

@test "emulator: a damaged program fails, and nothing is left" {
	foreign riscv64
	head -c 3000 "$FOREIGN/busybox-riscv64" >"$ROOTFS/bin/busybox"
	try hull run "$ID"
	[[ $status -ge 126 ]]
	assert_nothing_left
	head -c 60 "$FOREIGN/busybox-riscv64" >"$ROOTFS/bin/busybox"
	try hull run "$ID"
	[[ $status -ne 0 ]]
}

@test "emulator: containers that cannot have one" {
	foreign riscv64
	config 'del(.mounts[] | select(.destination == "/proc"))'
	try hull run "$ID"
	assert_error hull.emulator "procfs on /proc"
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	annotate "$(emulators riscv64)"
	with_namespace user /proc/self/ns/user
	try hull run "$ID"
	assert_error hull.emulator "hull itself is in"
	config 'del(.linux.namespaces[] | select(.type == "user"))'
	try hull --isolation microvm run "$ID"
	assert_error hull.emulator "only with isolation" "the guest of a microVM has none"
	without_namespace mount
	config 'del(.mounts) | del(.linux.maskedPaths) | del(.linux.readonlyPaths)'
	try hull run "$ID"
	assert_error hull.emulator "mount namespace"
}

# old_kernel COMMAND...: a kernel that lets nobody mount binfmt_misc in a user namespace. The place
# of the call among hull's is found first.
old_kernel() {
	try strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=fsopen \
		-e inject=fsopen:error="$1":when="$CALL" "${@:2}"
}

@test "emulator: a kernel before Linux 6.7 says what is missing, or uses what the machine has" {
	local line='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xf3\x00'
	line=":here:M::$line:"'\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
	# The sanitizer's search for leaks does not work below strace.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	foreign riscv64
	script 'uname -m; ls /proc/sys/fs/binfmt_misc | grep -c qemu'
	strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=fsopen "$HULL" --root "$STATE" run "$ID"
	CALL=$(grep -n binfmt_misc "$BATS_TEST_TMPDIR/trace" | cut -d: -f1)
	old_kernel EPERM "$HULL" --root "$STATE" run "$ID"
	assert_error hull.emulator "before 6.7" "apt-get install"
	old_kernel ENODEV "$HULL" --root "$STATE" run "$ID"
	assert_error hull.emulator "modprobe binfmt_misc"
	# Such a machine, in a user namespace of the test's: it has one registration, then.
	old_kernel EPERM unshare --user --map-root-user --mount sh -c \
		'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&
		printf %s "$1:$2:PF" >/proc/sys/fs/binfmt_misc/register &&
		exec "$3" --root "$4" --cgroup-manager disabled run "$5"' \
		- "$line" "$FOREIGN/qemu-riscv64" "$HULL" "$BATS_TEST_TMPDIR/state-2" "$ID"
	assert_has riscv64
	assert_has $'\n0'
}
