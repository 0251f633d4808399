#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are jq's or another shell's; try sets $stderr
# hull doctor: what it says is so, and what is taken away from the machine (in a mount namespace, by a
# filter, by a limit of a user namespace) turns the right line and names the way back.

load setup

setup_file() { if $PEER; then skip "hull's own command"; fi; }

# doctor [COMMAND...] -- ARG...: `hull doctor ARG...` below COMMAND, into report.json when it is JSON.
# Its PATH is $HULL_PATH, or empty: to ask real engines takes seconds where the machine is emulated.
doctor() {
	local before=()
	while [[ $1 != -- ]]; do
		before+=("$1")
		shift
	done
	shift
	try env "$MARK" ${before[@]+"${before[@]}"} /usr/bin/env "PATH=${HULL_PATH-/nonexistent}" \
		"$HULL" doctor "$@"
	cp "$BATS_TEST_TMPDIR/stdout" report.json
	[[ $stderr == "" ]] || report "doctor complains"
}

# without SETUP: a shell that runs SETUP in a mount namespace of its own, then the words behind.
without() {
	printf '%s\n' '#!/bin/sh' "set -e" "$1" 'exec "$@"' >"$BATS_TEST_TMPDIR/without"
	chmod +x "$BATS_TEST_TMPDIR/without"
	WITHOUT=(unshare -m "$BATS_TEST_TMPDIR/without")
}

# finding CAPABILITY PROBE: "STATUS: FOUND -> ADVICE" of report.json.
finding() {
	jq -re --arg c "$1" --arg p "$2" \
		'.capabilities[$c].probes[$p] | "\(.status): \(.found) -> \(.advice // "")"' report.json
}

assert_finding() {
	local text line
	line=$(finding "$1" "$2") || fail "no probe $2 of $1"
	shift 2
	[[ $line == "$1":* ]] || fail "not $1: $line"
	shift
	for text; do [[ $line == *"$text"* ]] || fail "lacks '$text': $line"; done
}

# An ordinary user: who has hull, and a folder for its state.
as_user() {
	cp "$HULL" "$BATS_TEST_TMPDIR/hull-user"
	mkdir -p "$BATS_TEST_TMPDIR/run"
	chown 12345:12345 "$BATS_TEST_TMPDIR/run"
	HULL=$BATS_TEST_TMPDIR/hull-user
	AS_USER=(env "XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run" setpriv --reuid 12345 --regid 12345
		--clear-groups)
}

# filter ERRNO CALL...: a program that refuses these system calls to all that it executes.
filter() {
	cat >"$BATS_TEST_TMPDIR/filter.py" <<-'END'
		import ctypes, os, struct, sys
		error, calls, rest = int(sys.argv[1]), [int(n) for n in sys.argv[2].split(",")], sys.argv[3:]
		code = struct.pack("HBBI", 0x20, 0, 0, 0)
		for number in calls:
		    code += struct.pack("HBBI", 0x15, 0, 1, number) + struct.pack("HBBI", 6, 0, 0, 0x50000 | error)
		code += struct.pack("HBBI", 6, 0, 0, 0x7fff0000)
		keep = ctypes.create_string_buffer(code)
		program = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(keep))
		libc = ctypes.CDLL(None)
		libc.prctl(38, 1, 0, 0, 0)
		if libc.prctl(22, 2, program, 0, 0) != 0: sys.exit("no filter")
		os.execv(rest[0], rest)
	END
	FILTER=("$PYTHON" "$BATS_TEST_TMPDIR/filter.py" "$1" "$2")
}

# Does `hull run` work below COMMAND...?
runs_here() {
	hull delete --force "$ID"
	payload true
	install -d -m 0777 "$BATS_TEST_TMPDIR/run-state"
	try env "$MARK" "$@" "$HULL" --root "$BATS_TEST_TMPDIR/run-state" run "$ID"
	[[ $status -eq 0 ]]
}

# ---- the report ------------------------------------------------------------------------------------

@test "doctor: one screen, its head first, a verdict last" {
	doctor --
	assert_status 0
	[[ $(sed -n 1p <<<"$output") == "hull "*", commit "*"libseccomp "[0-9]* ]]
	[[ $(sed -n 2p <<<"$output") == "Linux $(uname -r) $(uname -m); "*" CPUs, "*"; root" ]]
	[[ $(tail -n 1 <<<"$output") == "Containers work here."* ]]
	[[ $(wc -l <<<"$output") -le 45 ]]
	runs_here || report "hull run does not"
}

@test "doctor -v and --json say the same, of every probe" {
	doctor -- --json
	assert_ok
	cp report.json all.json
	doctor -- -v
	assert_ok
	# What is free of memory changes from one moment to the next.
	diff <(jq -r '.capabilities[].probes | to_entries[] | "\(.value.status) \(.key)"' all.json) \
		<(sed -nE 's/^ {11}(ok|limited|missing) +([a-z-]+): .*/\1 \2/p' <<<"$output")
	diff <(jq -r '.capabilities | to_entries[] | "\(.value.status) \(.key)"' all.json) \
		<(sed -nE 's/^  (ok|limited|missing) +([a-z]+)  .*/\1 \2/p' <<<"$output")
	# Whatever is not well comes with words.
	jq -e '[.capabilities[].probes[] | select(.found == "")] == []' all.json
	jq -e '[.capabilities | to_entries[] | select(.key != "engines") | .value.probes | to_entries[]
		| select(.value.weight == "needed" and .value.status != "ok" and .key != "criu-check"
		and (.value.advice // "") == "")] == []' all.json
}

@test "doctor: the document is what docs/doctor.md says, every name of it" {
	local manual=$BATS_TEST_DIRNAME/../../docs/doctor.md
	doctor -- --json
	assert_eq "$(jq -r '[.schema, .works, .machine.kernel, .machine.uid] | join(" ")' report.json)" \
		"1 true $(uname -r) 0"
	diff <(sed -nE 's/^\| `([a-z]+)` \| `([a-z-]+)` \|.*/\1 \2/p' "$manual") \
		<(jq -r '.capabilities | to_entries[] | .key as $c | .value.probes | keys_unsorted[] | "\($c) \(.)"' report.json)
	# Nothing is promised: what hull has not is for later, the rest it has.
	assert_eq "$(jq -r '[.capabilities | to_entries[] | select(.value.later) | .key] | join(" ")' report.json)" \
		tuning
}

@test "doctor NAME: that capability alone, its exit code the answer" {
	local name expected
	doctor -- --json
	cp report.json all.json
	for name in $(jq -r '.capabilities | keys_unsorted[]' all.json); do
		expected=0
		jq -e --arg c "$name" '.capabilities[$c].status != "missing"' all.json >/dev/null || expected=1
		doctor -- --json "$name"
		assert_status "$expected"
		assert_eq "$(jq -r '.capabilities | keys | join(" ")' report.json)" "$name"
		assert_eq "$(jq .works report.json)" "$([[ $expected == 0 ]] && echo true || echo false)"
	done
	try hull doctor sickness
	assert_error sickness "hull doctor"
}

@test "doctor changes nothing" {
	# Whatever is written, made, removed, mounted or loaded, by it or a child. Without PATH it
	# executes nothing else.
	strace -f -qq -o trace -e trace=%file,init_module,finit_module,bpf,kill,sethostname \
		env -u PATH ASAN_OPTIONS=detect_leaks=0 "$HULL" doctor -v >/dev/null 3>&- 4>&-
	grep -E 'O_WRONLY|O_RDWR|O_CREAT' trace | grep -oE '"[^"]*"' |
		sed -E 's|^"[0-9]+/|"/proc/self/|' | sort -u >written
	diff - <(grep -vxE '"/dev/(null|kvm|vhost-net|vhost-vsock|net/tun|vfio/vfio|fuse|loop-control|ptmx)"' written) <<-'END'
		"/proc/self/clear_refs"
		"/proc/self/gid_map"
		"/proc/self/setgroups"
		"/proc/self/uid_map"
	END
	# In children with mount namespaces of their own, on a tmpfs over /tmp.
	! grep -E '(mkdir|mknod|unlink|rmdir|rename|link|truncate|ch(mod|own))[a-z0-9]*\(' trace |
		grep -vE 'readlink|mkdir\("/tmp/[luwm]", 0755\)' || fail "these"
	! grep -E 'module\(|sethostname|kill\(' trace || fail "these"
	assert_nothing_left
}

# ---- containers ------------------------------------------------------------------------------------

@test "doctor: system calls that a filter refuses" {
	# clone3, mount_setattr
	filter 38 435
	doctor "${FILTER[@]}" -- --json
	assert_status 1
	assert_finding containers system-calls missing clone3 seccomp
	assert_finding containers confinement limited "with a seccomp filter" no_new_privs
	! runs_here "${FILTER[@]}" || report "it runs all the same"
	filter 1 442
	doctor "${FILTER[@]}" -- --json
	assert_status 1
	assert_finding containers system-calls missing mount_setattr
	assert_finding containers mounts missing mount_setattr
	# userfaultfd
	filter 1 323
	doctor "${FILTER[@]}" -- --json
	assert_status 0
	assert_finding checkpoint write-protect missing userfaultfd
}

@test "doctor: root without CAP_SYS_ADMIN" {
	doctor setpriv --bounding-set=-sys_admin -- --json
	assert_status 1
	assert_finding containers privileges missing CAP_SYS_ADMIN --privileged
	assert_finding containers namespaces missing
	! runs_here setpriv --bounding-set=-sys_admin || report "it runs all the same"
	doctor setpriv --bounding-set=-audit_write -- --json
	assert_finding containers privileges limited CAP_AUDIT_WRITE
}

@test "doctor: a limit on namespaces" {
	without 'echo 0 >/proc/sys/user/max_net_namespaces'
	doctor unshare -Ur "${WITHOUT[@]}" -- --json containers
	assert_status 1
	assert_finding containers namespaces missing "no network namespace" \
		"raise sysctl user.max_net_namespaces"
	without 'echo 0 >/proc/sys/user/max_time_namespaces'
	doctor unshare -Ur "${WITHOUT[@]}" -- --json containers
	assert_finding containers namespaces limited "no time namespace" "made: pid, mount, network"
}

@test "doctor: in a user namespace" {
	doctor unshare -Ur -- --json
	assert_eq "$(jq .machine.userNamespace report.json)" true
	assert_finding containers confinement limited "in a user namespace"
	assert_finding containers privileges ok "root of a user namespace"
	assert_finding cgroups clone-into ok
}

@test "doctor: no pseudo-terminals" {
	without 'mount -t tmpfs t /dev/pts; mount --bind /dev/null /dev/ptmx'
	doctor "${WITHOUT[@]}" -- --json containers
	assert_status 0
	assert_finding containers terminal missing devpts
}

@test "doctor: a state folder that cannot be written" {
	without 'mount -t tmpfs -o ro t /run'
	doctor "${WITHOUT[@]}" -- --json containers
	assert_finding containers state-folder limited /run --root
	assert_eq "$(jq -r .capabilities.containers.status report.json)" limited
}

# ---- cgroups ---------------------------------------------------------------------------------------

@test "doctor: the machine's processors, also where this process may use one of them" {
	local online
	online=$(getconf _NPROCESSORS_ONLN)
	try taskset -c 0 "$HULL" doctor
	assert_has "; $online CPUs, "
}

@test "doctor: no cgroups" {
	without 'mount -t tmpfs t /sys/fs/cgroup'
	doctor "${WITHOUT[@]}" -- --json
	assert_status 1
	assert_finding cgroups hierarchy missing /sys/fs/cgroup "mount -t cgroup2"
	assert_finding cgroups controllers missing
	doctor "${WITHOUT[@]}" --
	assert_status 1
	assert_line "Containers do not work here. \`hull doctor -v\` tells all, \`hull doctor NAME\` all of one."
	! runs_here "${WITHOUT[@]}" || report "it runs all the same"
	# A user's containers do without.
	as_user
	doctor "${WITHOUT[@]}" "${AS_USER[@]}" -- --json
	assert_status 0
	assert_finding cgroups hierarchy limited /sys/fs/cgroup
	runs_here "${WITHOUT[@]}" "${AS_USER[@]}" || report "it does not run"
}

@test "doctor: cgroups that are read-only" {
	without 'grep -o " /sys/fs/cgroup[^ ]*" /proc/self/mounts | while read -r m; do mount -o remount,bind,ro "$m"; done'
	doctor "${WITHOUT[@]}" -- --json
	assert_status 1
	assert_finding cgroups hierarchy missing read-only
	! runs_here "${WITHOUT[@]}" || report "it runs all the same"
}

@test "doctor: the controllers are the machine's" {
	local name
	doctor -- --json cgroups
	for name in cpu cpuset memory pids hugetlb; do
		case $(controller_version "$name") in
		1) finding cgroups controllers | grep -E "v1: [a-z ]*\b$name\b" ;;
		2) finding cgroups controllers | grep -E "v2: [a-z ]*\b$name\b" ;;
		*) finding cgroups controllers | grep -E "none for [a-z ]*\b$name\b" ;;
		esac || fail "$name"
	done
	case $CGROUP_MODE in
	hybrid) assert_finding cgroups hierarchy ok hybrid "$CGROUP2" ;;
	v2) assert_finding cgroups hierarchy ok "v2 on /sys/fs/cgroup" ;;
	v1) assert_finding cgroups hierarchy ok v1 ;;
	esac
}

@test "doctor: no pressure, no systemd" {
	without 'mount -t tmpfs t /proc/pressure; [ ! -d /run/systemd ] || mount -t tmpfs t /run/systemd'
	doctor "${WITHOUT[@]}" -- --json cgroups
	assert_status 0
	assert_finding cgroups pressure missing psi=1
	assert_finding cgroups systemd missing cgroupfs
}

@test "doctor: systemd that listens, and one that does not" {
	mkdir -p "$BATS_TEST_TMPDIR/bus"
	without "mount -t tmpfs t /run; mkdir -p /run/systemd/system /run/dbus
		$PYTHON -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.bind(\"/run/dbus/system_bus_socket\")
if sys.argv[1:]: s.listen(); import os, time; os.fork() or (time.sleep(5), os._exit(0))
' \$LISTEN"
	doctor "${WITHOUT[@]}" -- --json cgroups
	assert_finding cgroups systemd limited system_bus_socket dbus
	doctor env LISTEN=1 "${WITHOUT[@]}" -- --json cgroups
	assert_finding cgroups systemd ok system_bus_socket
	processes_of "$ID" | xargs -r kill -KILL || true
}

# ---- ordinary users --------------------------------------------------------------------------------

@test "doctor: an ordinary user" {
	as_user
	doctor "${AS_USER[@]}" -- --json
	assert_status 0
	assert_eq "$(jq .machine.uid report.json)" 12345
	assert_finding containers privileges ok "ordinary user (uid 12345)"
	assert_finding containers state-folder ok "$BATS_TEST_TMPDIR/run/hull"
	assert_finding rootless user-namespaces ok
	assert_finding rootless subordinate-ids missing "12345: 0 uids" "usermod --add-subuids"
	[[ ! -e $BATS_TEST_TMPDIR/run/hull ]]
	runs_here "${AS_USER[@]}" || report "it does not run"
	doctor "${AS_USER[@]}" env -u XDG_RUNTIME_DIR -- --json
	assert_finding rootless runtime-folder limited "not set"
	assert_finding containers state-folder ok /hull
	[[ ! -e /tmp/hull-12345 ]]
}

@test "doctor: a user who may not make user namespaces; root hears of it too" {
	without 'echo 0 >/proc/sys/user/max_user_namespaces'
	doctor unshare -Ur "${WITHOUT[@]}" -- --json rootless
	assert_status 1
	assert_finding rootless user-namespaces missing
	as_user
	without 'echo 0 >/proc/sys/user/max_user_namespaces'
	# In a user namespace that has users, so that the limit is not the machine's.
	userns --map "${WITHOUT[@]}" setpriv --reuid 1000 --regid 1000 --clear-groups "$HULL" doctor --json
	cp "$BATS_TEST_TMPDIR/stdout" report.json
	assert_status 1
	assert_finding rootless user-namespaces missing "you cannot" "sysctl -w user.max_user_namespaces"
	assert_finding containers namespaces missing
}

# userns --map COMMAND...: root of a user namespace with the ids 0 to 65535, which are 100000 on.
userns() {
	shift
	try "$PYTHON" -c '
import os, sys
ready, go = os.pipe(), os.pipe()
pid = os.fork()
if pid == 0:
    import ctypes
    os.close(go[1])
    if ctypes.CDLL(None).unshare(0x10000000): sys.exit("no user namespace")
    os.write(ready[1], b"x"); os.read(go[0], 1)
    os.setgid(0); os.setuid(0)
    os.execvp(sys.argv[1], sys.argv[1:])
os.read(ready[0], 1)
for kind in "uid", "gid":
    with open(f"/proc/{pid}/{kind}_map", "w") as f: f.write("0 100000 65536")
os.write(go[1], b"x")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
' env "$MARK" "$@"
}

@test "doctor: /proc that is partly covered is no proc for a user" {
	as_user
	without 'mount -t tmpfs t /proc/sys'
	doctor "${WITHOUT[@]}" "${AS_USER[@]}" -- --json
	assert_status 1
	assert_finding containers proc missing unmask=ALL
}

@test "doctor: newuidmap, and one without its bit" {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	printf '#!/bin/sh\n' | tee "$bin/newuidmap" >"$bin/newgidmap"
	chmod 755 "$bin"/*
	HULL_PATH=$bin doctor -- --json rootless
	assert_finding rootless id-helpers missing "may not set ids" "chmod u+s $bin/newuidmap"
	chmod u+s "$bin"/*
	HULL_PATH=$bin doctor -- --json rootless
	assert_finding rootless id-helpers ok "$bin/newuidmap; $bin/newgidmap"
	rm "$bin/newgidmap"
	HULL_PATH=$bin doctor -- --json rootless
	assert_finding rootless id-helpers missing "no newgidmap" "apt install uidmap"
}

@test "doctor: the ids of /etc/subuid, by number and by name" {
	as_user
	printf '%s\n' '# 12345:1:9' 'other:5000:100' '12345:100000:65536' >"$BATS_TEST_TMPDIR/sub"
	without "mount --bind $BATS_TEST_TMPDIR/sub /etc/subuid; mount --bind $BATS_TEST_TMPDIR/sub /etc/subgid"
	[[ -e /etc/subuid && -e /etc/subgid ]] || skip "no /etc/subuid to put one over"
	doctor "${WITHOUT[@]}" "${AS_USER[@]}" -- --json rootless
	assert_finding rootless subordinate-ids ok "12345: 65536 uids, 65536 gids"
	doctor "${WITHOUT[@]}" -- --json rootless
	assert_finding rootless subordinate-ids ok "65636 uids"
}

# ---- seccomp, engines ------------------------------------------------------------------------------

@test "doctor: no seccomp" {
	# seccomp(2)
	filter 1 317
	doctor "${FILTER[@]}" -- --json
	assert_finding security seccomp-filters missing
	assert_finding security seccomp-notification missing
	doctor "${FILTER[@]}" -- security
	assert_status 1
}

@test "doctor: security modules as the kernel names them" {
	[[ -d /sys/kernel/security ]] || skip "no /sys/kernel/security to put one over"
	without 'mount -t tmpfs t /sys/kernel/security; echo lockdown,capability,apparmor >/sys/kernel/security/lsm'
	doctor "${WITHOUT[@]}" -- --json security
	assert_finding security security-modules ok lockdown,capability,apparmor
	without 'mount -t tmpfs t /sys/kernel/security'
	doctor "${WITHOUT[@]}" -- --json security
	assert_finding security security-modules missing securityfs
}

@test "doctor: engines in PATH, one that fails, one that hangs, none" {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	printf '#!/bin/sh\necho noise >&2\necho podman version 9.8.7\n' >"$bin/podman"
	printf '#!/bin/sh\nexit 3\n' >"$bin/buildah"
	printf '#!/bin/sh\nexec /bin/sleep 1000\n' >"$bin/docker"
	chmod +x "$bin"/*
	HULL_PATH=$bin doctor -- --json engines
	assert_status 0
	assert_finding engines podman ok "9.8.7 ($bin/podman)"
	assert_finding engines buildah limited "--version failed"
	assert_finding engines docker limited "longer than 5 seconds"
	assert_finding engines containerd missing "no containerd in PATH"
	assert_nothing_left
	HULL_PATH=$bin doctor --
	assert_has "podman 9.8.7"
	doctor -- engines
	assert_status 1
	doctor --
	assert_status 0
}

# ---- for later: the machine itself -----------------------------------------------------------------

@test "doctor: KVM is asked, not looked at" {
	doctor -- --json microvm
	local usable
	usable=$("$PYTHON" -c '
import fcntl, os
try:
    kvm = os.open("/dev/kvm", os.O_RDWR)
    print(fcntl.ioctl(kvm, 0xae00) == 12 and fcntl.ioctl(kvm, 0xae01) >= 0)
except OSError: print(False)')
	case $usable in
	True) assert_finding microvm kvm ok "version 12" ;;
	*) assert_finding microvm kvm missing ;;
	esac
	[[ -e /dev/kvm ]] || return 0
	without 'mount --bind /dev/null /dev/kvm'
	doctor "${WITHOUT[@]}" -- --json microvm
	assert_status 1
	assert_finding microvm kvm missing
	as_user
	[[ $(stat -c %a /dev/kvm) == 666 ]] || {
		doctor "${AS_USER[@]}" -- --json microvm
		assert_finding microvm kvm missing /dev/kvm usermod
	}
}

@test "doctor: drivers that are not there are not asked, so no module is loaded" {
	cat /proc/misc >"$BATS_TEST_TMPDIR/misc"
	sed -i -E '/ (kvm|fuse|loop-control|tun)$/d' "$BATS_TEST_TMPDIR/misc"
	without "mount --bind $BATS_TEST_TMPDIR/misc /proc/misc"
	doctor "${WITHOUT[@]}" strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=openat \
		env ASAN_OPTIONS=detect_leaks=0 -- --json
	assert_finding microvm kvm missing modprobe
	assert_finding images fuse missing "no driver"
	assert_finding images loop missing "no driver"
	! grep -E '"/dev/(kvm|fuse|loop-control|net/tun)"' "$BATS_TEST_TMPDIR/trace" || fail "they are"
}

@test "doctor: file systems that the kernel has not" {
	grep -vwE 'overlay|erofs|binfmt_misc' /proc/filesystems >"$BATS_TEST_TMPDIR/filesystems"
	without "mount --bind $BATS_TEST_TMPDIR/filesystems /proc/filesystems
		mkdir -p /lib/modules; mount -t tmpfs t /lib/modules"
	doctor "${WITHOUT[@]}" -- --json
	assert_finding images overlay missing "a kernel with overlay"
	assert_finding images erofs missing
	assert_finding emulation binfmt-per-user missing
	# One whose module lies ready is named as that.
	without "mount --bind $BATS_TEST_TMPDIR/filesystems /proc/filesystems
		mkdir -p /lib/modules; mount -t tmpfs t /lib/modules; mkdir /lib/modules/$(uname -r)
		echo kernel/fs/erofs/erofs.ko.xz: >/lib/modules/$(uname -r)/modules.dep"
	doctor "${WITHOUT[@]}" -- --json images
	assert_finding images erofs ok "a module, not loaded"
	[[ -d /lib/modules ]] && rmdir /lib/modules 2>/dev/null || true
}

@test "doctor: CRIU in its own words" {
	local bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	printf '%s\n' '#!/bin/sh' 'case "$*" in' '--version) echo "Version: 4.1.1" ;;' \
		'"check --feature mem_dirty_track") exit 1 ;;' 'check*) ;;' '*) exit 9 ;;' 'esac' >"$bin/criu"
	chmod +x "$bin/criu"
	HULL_PATH=$bin:$PATH doctor -- --json checkpoint
	assert_finding checkpoint criu ok "Version: 4.1.1 ($bin/criu)"
	assert_finding checkpoint criu-check limited "no mem_dirty_track"
	printf '%s\n' '#!/bin/sh' 'echo "Error (criu/cr-check.c:1): kerndat is old" >&2' 'exit 1' >"$bin/criu"
	HULL_PATH=$bin:$PATH doctor -- --json checkpoint
	assert_status 1
	assert_finding checkpoint criu-check missing "kerndat is old"
	doctor -- --json checkpoint
	assert_finding checkpoint criu missing "apt install criu"
}

@test "doctor: formats of binfmt_misc" {
	doctor -- --json emulation
	if [[ -e /proc/sys/fs/binfmt_misc/status ]]; then
		assert_finding emulation binfmt ok
	elif grep -qw binfmt_misc /proc/filesystems; then
		assert_finding emulation binfmt ok "not mounted"
	fi
	without 'mount -t tmpfs t /proc/sys/fs/binfmt_misc; echo enabled >/proc/sys/fs/binfmt_misc/status
		touch /proc/sys/fs/binfmt_misc/qemu-aarch64'
	[[ -d /proc/sys/fs/binfmt_misc ]] || skip "this kernel has no binfmt_misc"
	doctor "${WITHOUT[@]}" -- --json emulation
	assert_finding emulation binfmt ok "1 formats for QEMU"
}

@test "doctor: huge pages, isolated processors" {
	doctor -- --json tuning
	assert_eq "$(jq -r '.capabilities.tuning.probes["isolated-cpus"].status' report.json)" \
		"$([[ -n $(cat /sys/devices/system/cpu/isolated) ]] && echo ok || echo missing)"
	assert_eq "$(jq -r '.capabilities.tuning.probes["huge-pages"].status' report.json)" \
		"$(cat /sys/kernel/mm/hugepages/*/nr_hugepages | awk '{ n += $1 } END { print n ? "ok" : "missing" }')"
}
