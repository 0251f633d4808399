#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# Namespaces: new ones, the host's, other containers'; user namespaces; hostname and sysctl.

load setup

# ns_inside TYPE: which namespace the container's process sees itself in.
ns_inside() {
	payload readlink "/proc/self/ns/$1"
	try hull run "$ID"
	assert_ok
}

# ---- new, shared, joined ---------------------------------------------------------------------------

@test "each namespace listed is new" {
	local type file
	for type in ipc uts network mount pid cgroup; do
		file=$type
		[[ $type != mount ]] || file=mnt
		[[ $type != network ]] || file=net
		with_namespace "$type"
		ns_inside "$file"
		[[ $output == "$file:["* && $output != "$(readlink "/proc/self/ns/$file")" ]] ||
			fail "$type is the host's"
	done
}

@test "each namespace not listed is the host's" {
	local type file
	for type in ipc uts network cgroup pid; do
		file=$type
		[[ $type != network ]] || file=net
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		without_namespace "$type"
		[[ $type != uts ]] || config 'del(.hostname)'
		ns_inside "$file"
		assert_output "$(readlink "/proc/self/ns/$file")"
	done
}

@test "no pid namespace: the container sees the host's processes" {
	without_namespace pid
	run_script 'cat /proc/1/comm; echo $$'
	assert_ok
	assert_eq "${output%%$'\n'*}" "$(cat /proc/1/comm)"
	[[ ${output##*$'\n'} -gt 1 ]]
}

@test "a new pid namespace: the container is process 1 and sees only itself" {
	run_script 'echo $$; for p in /proc/[0-9]*; do echo ${p#/proc/}; done'
	assert_ok
	assert_output $'1\n1'
}

@test "a new network namespace has lo, up, and nothing else" {
	run_script 'ls /sys/class/net; ip link show lo; ping -c 1 -W 1 127.0.0.1 >/dev/null 2>&1; ip -4 addr show lo'
	assert_ok
	assert_eq "${output%%$'\n'*}" lo
	[[ $output == *",UP"* || $output == *"UP,"* ]] || report "lo is down"
	assert_has 127.0.0.1
}

@test "join: every namespace of another container by path" {
	local pid type file
	with_namespace cgroup
	run_sleeper
	pid=$(pid_of)
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	for type in ipc uts network pid cgroup; do
		file=$type
		[[ $type != network ]] || file=net
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		with_namespace "$type" "/proc/$pid/ns/$file"
		payload readlink "/proc/self/ns/$file"
		try hull run "$ID-second"
		assert_ok
		assert_output "$(readlink "/proc/$pid/ns/$file")"
	done
}

@test "join: a network namespace kept by a file, as engines keep them" {
	touch "$BATS_TEST_TMPDIR/netns"
	unshare --net="$BATS_TEST_TMPDIR/netns" true
	HOST_MOUNTS+=("$BATS_TEST_TMPDIR/netns")
	with_namespace network "$BATS_TEST_TMPDIR/netns"
	payload readlink /proc/self/ns/net
	try hull run "$ID"
	assert_ok
	assert_output "net:[$(stat -L -c %i "$BATS_TEST_TMPDIR/netns")]"
}

@test "join: the other container's processes are seen, and outlive this one" {
	local pid
	run_sleeper
	pid=$(pid_of)
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	with_namespace pid "/proc/$pid/ns/pid"
	script '[ $$ -ne 1 ] && tr "\0" " " </proc/1/cmdline'
	try hull run "$ID-second"
	assert_ok
	assert_has trap
	assert_eq "$(status_of)" running
	kill -0 "$pid"
}

@test "join: in a pid namespace without an init of its own, delete --force kills all" {
	local pid
	run_sleeper
	pid=$(pid_of)
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	with_namespace pid "/proc/$pid/ns/pid"
	script 'setsid sleep 1000 & setsid sleep 1000 & echo ready; wait'
	ID=$ID-second run_detached
	wait_until has_text ready "$OUT"
	hull delete --force "$ID-second"
	assert_nothing_left "$ID-second"
	assert_eq "$(hull ps -f json "$ID" | jq length)" 2
}

@test "join: a path that is no namespace, or one of another type, is refused" {
	local pid
	with_namespace network "$BATS_TEST_TMPDIR/missing"
	try hull run "$ID"
	assert_error missing
	assert_nothing_left
	touch "$BATS_TEST_TMPDIR/file"
	with_namespace network "$BATS_TEST_TMPDIR/file"
	try hull run "$ID"
	assert_error "$BATS_TEST_TMPDIR/file"
	assert_nothing_left
	with_namespace network /proc/self/ns/uts
	try hull run "$ID"
	assert_error /proc/self/ns/uts
	assert_nothing_left
}

@test "two containers with new namespaces share none" {
	local first second type
	run_sleeper
	first=$(pid_of)
	ID=$ID-second run_sleeper
	second=$(pid_of "$ID-second")
	for type in ipc uts net mnt pid; do
		[[ $(readlink "/proc/$first/ns/$type") != "$(readlink "/proc/$second/ns/$type")" ]]
	done
}

@test "a cgroup namespace: the container's own group is the root" {
	with_namespace cgroup
	run_script 'cut -d: -f3 /proc/self/cgroup | sort -u'
	assert_ok
	assert_output /
}

@test "without a cgroup namespace the path is the host's" {
	without_namespace cgroup
	run_script 'cat /proc/self/cgroup'
	assert_has "$ID"
}

@test "time namespace: the offsets are seen inside" {
	[[ -e /proc/self/ns/time ]] || skip "this kernel has no time namespaces"
	if $PEER; then skip "not in every runtime"; fi
	with_namespace time
	config '.linux.timeOffsets = {boottime: {secs: 86400000, nanosecs: 0}, monotonic: {secs: 5, nanosecs: 7}}'
	run_script 'readlink /proc/self/ns/time; cut -d. -f1 /proc/uptime; cat /proc/self/timens_offsets'
	assert_ok
	[[ ${output%%$'\n'*} != "$(readlink /proc/self/ns/time)" ]]
	[[ $(sed -n 2p <<<"$output") -ge 86400000 ]]
	grep -qE 'boottime +86400000 +0' <<<"$output"
	grep -qE 'monotonic +5 +7' <<<"$output"
}

@test "the container's mounts are not seen on the host" {
	mount_add /mnt/private tmpfs tmpfs size=4k
	run_sleeper
	run ! grep -F "$BATS_TEST_TMPDIR/" /proc/self/mountinfo
}

# ---- user namespaces ---------------------------------------------------------------------------------

@test "user namespace: ids inside and outside" {
	user_namespace
	config '.process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	payload sleep 1000
	run_detached
	local pid
	pid=$(pid_of)
	wait_until has_text sleep "/proc/$pid/comm"
	[[ $(readlink "/proc/$pid/ns/user") != "$(readlink /proc/self/ns/user)" ]]
	assert_eq "$(xargs <"/proc/$pid/uid_map")" "0 100000 65536"
	assert_eq "$(xargs <"/proc/$pid/gid_map")" "0 100000 65536"
	grep -qE '^Uid:\s100007\s100007\s100007\s100007' "/proc/$pid/status"
	grep -qE '^Gid:\s100008\s100008\s100008\s100008' "/proc/$pid/status"
	grep -qE '^Groups:\s100009' "/proc/$pid/status"
}

@test "user namespace: without mappings the caller is root inside" {
	with_namespace user
	config '(.mounts[] | select(.destination == "/dev/pts")).options -= ["gid=5"]'
	run_script 'id -u; id -g; for map in uid gid; do head -n 1 /proc/self/${map}_map | tr -s " "; done'
	assert_ok
	assert_output $'0\n0\n 0 '"$(id -u)"$' 1\n 0 '"$(id -g) 1"
	config '.linux.gidMappings = [{containerID: 0, hostID: 0, size: 1}]'
	try hull run "$ID"
	assert_error "linux.uidMappings: is required"
}

@test "user namespace: several ranges" {
	with_namespace user
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10},
			{containerID: 1000, hostID: 200000, size: 5}]
		| .linux.gidMappings = [{containerID: 0, hostID: 300000, size: 10},
			{containerID: 2000, hostID: 400000, size: 7}]'
	run_script 'cat /proc/self/uid_map /proc/self/gid_map | tr -s " "'
	assert_ok
	assert_line " 0 100000 10" " 1000 200000 5" " 0 300000 10" " 2000 400000 7"
}

@test "user namespace: root is root inside, nobody outside" {
	user_namespace
	mkdir "$BATS_TEST_TMPDIR/hostdir"
	chmod 755 "$BATS_TEST_TMPDIR/hostdir"
	mount_add /mnt none "$BATS_TEST_TMPDIR/hostdir" rbind rw
	config '.process.capabilities.effective += ["CAP_CHOWN"] | .process.capabilities.permitted += ["CAP_CHOWN"]
		| .process.capabilities.bounding += ["CAP_CHOWN"]'
	run_script 'id -u; touch /tmp/mine && stat -c %u /tmp/mine; touch /mnt/x; stat -c %u /etc/passwd'
	assert_line 0 65534
	[[ ! -e $BATS_TEST_TMPDIR/hostdir/x ]]
	assert_eq "$(stat -c %u "$ROOTFS/tmp/mine")" 100000
}

@test "user namespace: without a root inside" {
	user_namespace
	config '.linux.uidMappings = [{containerID: 1000, hostID: 100000, size: 1}]
		| .linux.gidMappings = [{containerID: 1000, hostID: 100000, size: 1}]
		| .process.user = {uid: 1000, gid: 1000}
		| .mounts |= map(.options |= (. // [] | map(select(. != "gid=5"))))'
	run_script 'id -u; id -g; grep CapEff /proc/self/status; echo x >/dev/shm/file && stat -c %u /dev/shm/file'
	assert_output $'1000\n1000\nCapEff:\t0000000000000000\n1000'

	run_sleeper
	try hull exec "$ID" id -u
	assert_output 1000
	try hull exec --user 0 "$ID" id -u
	$PEER || assert_error --code 255 "the user namespace has no user 0"
}

@test "user namespace: every other namespace belongs to it" {
	user_namespace
	config '.process.capabilities = (["CAP_SYS_ADMIN", "CAP_NET_ADMIN"] |
		{bounding: ., permitted: ., effective: ., inheritable: [], ambient: []})'
	run_script 'hostname renamed && hostname; ip link set lo mtu 1300 && cat /sys/class/net/lo/mtu
		mount -t tmpfs t /tmp && echo mounted'
	assert_ok
	assert_line renamed 1300 mounted
	[[ $(hostname) != renamed ]]
}

@test "user namespace: oomScoreAdj, higher and lower" {
	local score
	user_namespace
	for score in 100 0; do
		config --argjson score "$score" '.process.oomScoreAdj = $score'
		script 'cat /proc/self/oom_score_adj; sleep 1000'
		run_detached
		wait_until has_text "$score" "$OUT"
		try hull exec "$ID" cat /proc/self/oom_score_adj
		assert_output "$score"
		hull delete --force "$ID"
	done
}

@test "user namespace: devices are there" {
	user_namespace
	run_script 'for d in null zero full random urandom tty; do [ -c /dev/$d ] && echo $d; done; echo x >/dev/null && head -c 3 /dev/zero | wc -c'
	assert_ok
	assert_output $'null\nzero\nfull\nrandom\nurandom\ntty\n3'
}

@test "user namespace: joined by path" {
	local pid
	user_namespace
	run_sleeper
	pid=$(pid_of)
	bundle_make "$BATS_TEST_TMPDIR/second"
	cd "$BATS_TEST_TMPDIR/second"
	with_namespace user "/proc/$pid/ns/user"
	payload readlink /proc/self/ns/user
	try hull run "$ID-second"
	assert_ok
	assert_output "$(readlink "/proc/$pid/ns/user")"
}

@test "user namespace: mappings that overlap are refused" {
	with_namespace user
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 10},
			{containerID: 5, hostID: 200000, size: 10}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 10}]'
	try hull run "$ID"
	assert_status 1
	[[ -n $stderr ]]
	assert_nothing_left
}

# ---- hostname, domainname, sysctl --------------------------------------------------------------------

@test "hostname and domainname" {
	config '.hostname = "some-host" | .domainname = "example.org"'
	run_script 'hostname; cat /proc/sys/kernel/hostname /proc/sys/kernel/domainname'
	assert_ok
	if $PEER; then
		assert_has some-host
	else
		assert_output $'some-host\nsome-host\nexample.org'
	fi
	[[ $(hostname) != some-host ]]
}

@test "hostname: the longest, none, one too long" {
	local name
	name=$(printf 'x%.0s' {1..64})
	config --arg n "$name" '.hostname = $n'
	run_script hostname
	assert_output "$name"
	config 'del(.hostname)'
	run_script hostname
	assert_output "$(hostname)"
	config --arg n "${name}x" '.hostname = $n'
	run_script hostname
	assert_status 1
	assert_nothing_left
}

@test "hostname: needs a UTS namespace of its own" {
	config '.hostname = "renamed"'
	without_namespace uts
	payload true
	try hull run "$ID"
	assert_error "$($PEER && echo uts || echo hostname)"
	[[ $(hostname) != renamed ]]
	assert_nothing_left
}

@test "sysctl: of the container's namespaces" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "net.ipv4.conf.lo.forwarding": "1",
		"kernel.msgmax": "12345", "fs.mqueue.msg_max": "9", "kernel.shm_rmid_forced": "1"}'
	local before
	before=$(cat /proc/sys/kernel/msgmax)
	run_script 'cd /proc/sys; cat net/ipv4/ip_forward kernel/msgmax fs/mqueue/msg_max kernel/shm_rmid_forced'
	assert_ok
	assert_output $'1\n12345\n9\n1'
	assert_eq "$(cat /proc/sys/kernel/msgmax)" "$before"
}

@test "sysctl: names with slashes" {
	config '.linux.sysctl = {"net/ipv4/ip_forward": "1"}'
	run_script 'cat /proc/sys/net/ipv4/ip_forward'
	if $PEER && ((status)); then skip "dots only"; fi
	assert_ok
	assert_output 1
}

@test "sysctl: what would change the host is refused" {
	local expression
	for expression in '.linux.sysctl = {"kernel.panic": "1"}' \
		'.linux.sysctl = {"vm.swappiness": "1"}' \
		'.linux.sysctl = {"fs.file-max": "1000"}' \
		'.linux.sysctl = {"net.ipv4.ip_forward": "1"} | del(.linux.namespaces[] | select(.type == "network"))' \
		'.linux.sysctl = {"kernel.msgmax": "1"} | del(.linux.namespaces[] | select(.type == "ipc"))'; do
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		cat /proc/sys/{kernel/panic,vm/swappiness,fs/file-max,net/ipv4/ip_forward,kernel/msgmax} >before
		config "$expression"
		try hull run "$ID"
		assert_error sysctl
		cat /proc/sys/{kernel/panic,vm/swappiness,fs/file-max,net/ipv4/ip_forward,kernel/msgmax} |
			diff before -
		assert_nothing_left
	done
}

@test "sysctl: names that climb or do not exist are refused" {
	local name
	for name in net.ipv4.no_such_thing net/../../../tmp/x 'net/ipv4//../../kernel/panic'; do
		config --arg n "$name" '.linux.sysctl = {($n): "1"}'
		try hull run "$ID"
		assert_status 1
		[[ -n $stderr ]]
		assert_nothing_left
	done
}

@test "sysctl: a fake /proc/sys inside the root file system is not written" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	mkdir -p "$ROOTFS/proc/sys/net/ipv4"
	echo untouched >"$ROOTFS/proc/sys/net/ipv4/ip_forward"
	run_script 'cat /proc/sys/net/ipv4/ip_forward'
	assert_ok
	assert_output 1
	assert_eq "$(cat "$ROOTFS/proc/sys/net/ipv4/ip_forward")" untouched
}
