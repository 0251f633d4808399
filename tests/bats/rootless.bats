#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # names of the container's own, and of rootless.bash
# What an ordinary user can do with hull; his cgroups are in delegation.bats.

load rootless
load terminal

# ---- the way through a life ----------------------------------------------------------------------

@test "user: run, as root inside and as the user outside" {
	run_script 'id -u; id -g; hostname; echo to-null >/dev/null; echo $$'
	assert_ok
	assert_output $'0\n0\nhull\n1'
	run_script 'exit 7'
	assert_status 7
	run_sleeper
	assert_eq "$(ids_of "$(pid_of)")" "$USER_ID $USER_ID "
	assert_eq "$(in_map "$(pid_of)" uid_map)" " 0 $USER_ID 1 "
	assert_eq "$(cat "/proc/$(pid_of)/setgroups")" deny
	assert_eq "$(stat -c '%u %a' "$STATE")" "$USER_ID 1700"
}

@test "user: create, state, start, list, exec, ps, kill, delete" {
	script 'trap "exit 3" TERM; while :; do sleep 1000 & wait $!; done'
	create_container
	assert_eq "$(status_of)" created
	hull start "$ID"
	assert_eq "$(status_of)" running
	wait_until catches_term "$(pid_of)"
	try hull list --format json
	assert_eq "$(jq -r '.[0] | "\(.id) \(.owner)"' <<<"$output")" "$ID $USER_ID"
	try hull exec "$ID" sh -c 'id -u; readlink /proc/self/ns/user; exit 9'
	assert_status 9
	assert_output "0"$'\n'"$(readlink "/proc/$(pid_of)/ns/user")"
	try hull exec "$ID" no-such-program
	assert_status 255
	try hull ps --format json "$ID"
	assert_eq "$(jq --argjson pid "$(pid_of)" 'index($pid) == null, length' <<<"$output" | tr '\n' ' ')" "false 2 "
	try hull delete "$ID"
	assert_error "not stopped"
	hull kill "$ID" TERM
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
}

@test "user: terminals, for run and exec" {
	config '.process.terminal = true'
	payload sh -c 'tty; stty size'
	output=$(as_user "$PYTHON" "$BATS_TEST_DIRNAME/runtty.py" --size 31x77 "$USER_HULL" run "$ID" | tr -d '\r')
	assert_output $'/dev/pts/0\n31 77'
	config '.process.terminal = false'
	run_sleeper
	output=$(as_user "$PYTHON" "$BATS_TEST_DIRNAME/runtty.py" "$USER_HULL" exec --tty "$ID" tty | tr -d '\r')
	assert_output /dev/pts/0
}

@test "user: a terminal group that is not mapped is left out" {
	config '.mounts |= map(if .type == "devpts" then .options += ["gid=5"] else . end)'
	run_script 'grep -c " /dev/pts devpts .*gid=" /proc/mounts; ls -d /dev/pts'
	assert_ok
	assert_output $'0\n/dev/pts'
}

@test "user: hull killed by surprise leaves what delete --force removes" {
	script 'sleep 1000'
	create_container
	kill -KILL "$(pid_of)"
	wait_status stopped
	hull delete --force "$ID"
	assert_nothing_left
}

@test "user: his own copy of hull is out of the container's reach" {
	install -m 555 -o "$USER_ID" "$USER_HULL" "$BATS_TEST_TMPDIR/hull"
	USER_HULL=$BATS_TEST_TMPDIR/hull
	script true
	create_container
	[[ $(readlink "/proc/$(pid_of)/exe") == "/memfd:hull (deleted)" ]] ||
		fail "$(readlink "/proc/$(pid_of)/exe")"
}

# ---- the folder of states -------------------------------------------------------------------------

# list_without_xdg: in a private /run with a folder /run/user/UID when $1 says so, and a private /tmp
# where hull lies.
list_without_xdg() {
	unshare --mount sh -c '
		mount -t tmpfs run /run && mount -t tmpfs -o mode=1777 tmp /mnt && cp "$2" /mnt/hull || exit
		mount --move /mnt /tmp
		if [ "$3" = session ]; then install -d -m 700 -o "$1" /run/user/"$1"; fi
		eval "$4"
		setpriv --reuid="$1" --regid="$1" --clear-groups env -u XDG_RUNTIME_DIR /tmp/hull list --quiet &&
			find /run /tmp -name "hull*" -type d -printf "%p %m %u\n"' \
		sh "$USER_ID" "$USER_HULL" "$1" "${2-}"
}

@test "state folder: without XDG_RUNTIME_DIR that of the session, else a private one in /tmp" {
	try list_without_xdg session
	assert_ok
	assert_output "/run/user/$USER_ID/hull 1700 $USER_ID"
	try list_without_xdg none
	assert_ok
	assert_output "/tmp/hull-$USER_ID 700 $USER_ID"
}

@test "state folder: one in /tmp that others could have made is refused" {
	local trap
	for trap in 'mkdir /tmp/hull-$1' 'mkdir /tmp/x; chown $1 /tmp/x; ln -s x /tmp/hull-$1' \
		'mkdir -m 777 /tmp/hull-$1; chown $1 /tmp/hull-$1' 'touch /tmp/hull-$1'; do
		try list_without_xdg none "$trap; chmod o+w /tmp/hull-\$1 2>/dev/null; true"
		assert_error "/tmp/hull-$USER_ID is not this user's alone" --root
	done
}

# ---- user namespaces --------------------------------------------------------------------------------

@test "user namespace: added where config.json has none" {
	without_user_namespace
	run_sleeper
	assert_eq "$(in_map "$(pid_of)" uid_map)" " 0 $USER_ID 1 "
	try hull exec "$ID" readlink /proc/self/ns/user
	assert_ok
	assert_output "$(readlink "/proc/$(pid_of)/ns/user")"
	[[ $output != "$(readlink /proc/self/ns/user)" ]] || fail "the machine's"
	hull kill "$ID" KILL
	wait_status stopped
	hull delete "$ID"
	try hull --debug run "$ID"
	[[ $stderr == *"user namespace"*"added"*"$USER_ID"* ]] || report "not told"
}

@test "user namespace: added with the user's ranges" {
	without_user_namespace
	RANGES=true
	run_sleeper
	assert_eq "$(in_map "$(pid_of)" uid_map)" " 0 $USER_ID 1 1 $RANGE 65536 "
	assert_eq "$(in_map "$(pid_of)" gid_map)" " 0 $USER_ID 1 1 $RANGE 65536 "
	hull exec --detach --pid-file "$XDG/pid" --user 1000:1001 "$ID" sleep 1000
	assert_eq "$(ids_of "$(cat "$XDG/pid")")" "$((RANGE + 999)) $((RANGE + 1000)) "
}

@test "user namespace: ranges by newuidmap and newgidmap, whose files are the ranges' outside" {
	ranges_in_config
	mkdir -m 777 shared
	mount_add /shared bind "$BUNDLE/shared" bind rw
	config '.process.user = {uid: 7, gid: 8, additionalGids: [9]}'
	run_script 'id; touch /shared/file'
	assert_ok
	assert_output "uid=7 gid=8 groups=9"
	assert_eq "$(stat -c '%u %g' shared/file)" "$((RANGE + 6)) $((RANGE + 7))"
}

@test "user namespace: what newuidmap refuses is told in its words" {
	ranges_in_config
	config '.linux.uidMappings[1].hostID = 100 | .linux.uidMappings[1].size = 10'
	try hull run "$ID"
	assert_error linux.uidMappings "newuidmap: uid range" "not allowed"
	assert_nothing_left
}

@test "user namespace: without newuidmap one line says what to install" {
	ranges_in_config
	mkdir none
	local path=$PATH
	as_user() {
		unshare --mount --propagation slave sh -c '
			for file in $(command -v newuidmap newgidmap); do mount --bind /dev/null $file; done
			exec "$@"' sh setpriv --reuid="$USER_ID" --regid="$USER_ID" --clear-groups \
			env HULL_BATS="$ID" XDG_RUNTIME_DIR="$XDG" PATH="$BUNDLE/none" "$@"
	}
	try as_user "$USER_HULL" run "$ID"
	assert_error newuidmap "package uidmap"
	PATH=$path
	assert_nothing_left
}

@test "user namespace: an id that is not mapped" {
	config '.process.user = {uid: 1000, gid: 0}'
	try hull run "$ID"
	assert_error "process.user.uid" "no user 1000"
	config '.process.user = {uid: 0, gid: 0, additionalGids: [10]}'
	try hull run "$ID"
	assert_error "additionalGids"
	assert_nothing_left
}

# ---- what a user may and may not -------------------------------------------------------------------

@test "user: bind mounts, read-only and not, and the machine's own flags stay" {
	mkdir -m 777 one two
	mount_add /one bind "$BUNDLE/one" bind ro
	mount_add /two bind two rbind rw nosuid
	run_script 'touch /two/file; touch /one/file 2>/dev/null || echo refused'
	assert_ok
	assert_output refused
	[[ -e two/file && ! -e one/file ]] || fail "not the folders of the bundle"
}

@test "user: an id-mapped mount is refused" {
	mkdir one
	mount_add /one bind "$BUNDLE/one" bind idmap
	try hull run "$ID"
	assert_error "mounts[" "ids can be mapped"
	assert_nothing_left
}

@test "user: devices are the machine's, bound" {
	config '.linux.devices = [{path: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 438}]'
	run_script 'echo x 2>/dev/null >/dev/full || echo full; head -c 3 /dev/zero | wc -c'
	assert_ok
	assert_output $'full\n3'
	config '.linux.devices = [{path: "/dev/hull-none", type: "c", major: 1, minor: 7}]'
	try hull run "$ID"
	assert_error /dev/hull-none
}

@test "user: sysctls of namespaces that are his" {
	with_namespace network
	config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "80"}'
	run_script 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start'
	assert_ok
	assert_output 80
	without_namespace network
	try hull run "$ID"
	assert_error ip_unprivileged_port_start
}

@test "user: seccomp, masked and read-only paths" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 1}]}'
	run_script 'mkdir /tmp/x 2>/dev/null || echo no; cat /proc/keys | wc -c
		(echo 1 >/proc/sys/kernel/printk) 2>/dev/null || echo read-only; grep Seccomp: /proc/self/status'
	assert_ok
	assert_output $'no\n0\nread-only\nSeccomp:\t2'
}

@test "user: /sys where the network is the machine's" {
	config '.mounts |= map(if .destination == "/sys"
		then {destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "ro"]} else . end)'
	run_script 'ls -d /sys/class/net/lo; grep " /sys " /proc/mounts | cut -d" " -f4 | cut -d, -f1'
	assert_ok
	assert_output $'/sys/class/net/lo\nro'
}

@test "user: limits beyond his own are refused" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3000000000, hard: 3000000000}]'
	try hull run "$ID"
	assert_error "process.rlimits[0] (RLIMIT_NOFILE)"
	config '.process.rlimits = [] | .process.oomScoreAdj = -500'
	try hull run "$ID"
	assert_error "process.oomScoreAdj" -500
	assert_nothing_left
}

# ---- groups ------------------------------------------------------------------------------------------

@test "groups: kept with run.oci.keep_original_groups, and dropped without" {
	ranges_in_config
	GROUPS_OF_USER=--groups=$EXTRA
	mkdir -m 755 data
	echo secret >data/file
	chown "0:$EXTRA" data/file
	chmod 640 data/file
	mount_add /data bind "$BUNDLE/data" bind ro
	run_script 'cat /data/file 2>&1 || true'
	assert_ok
	assert_has "Permission denied"
	config '.annotations["run.oci.keep_original_groups"] = "1"'
	run_script 'cat /data/file'
	assert_ok
	assert_output secret
	run_sleeper
	try hull exec --user 33:33 "$ID" cat /data/file
	assert_ok
	assert_output secret
	assert_eq "$(awk '/^Groups:/ { print $2 }' "/proc/$(pid_of)/status")" "$EXTRA"
	config '.annotations["run.oci.keep_original_groups"] = "perhaps"'
	try hull run other
	assert_error 'run.oci.keep_original_groups' perhaps
}

# ---- without a cgroup --------------------------------------------------------------------------------

@test "no cgroup: kill --all reaches every process" {
	script 'trap "echo one" TERM; (trap "echo two; exit" TERM; while :; do sleep 1000 & wait $!; done) &
		second=$!; sleep 1000 & while kill -0 $second; do wait $second; done'
	run_detached
	wait_until eval '[[ $(hull ps -f json "$ID" | jq length) == 4 ]]'
	wait_until eval 'for pid in $(hull ps -f json "$ID" | jq ".[]"); do
		grep -q sleep /proc/$pid/cmdline || catches_term $pid || false; done'
	hull kill --all "$ID" TERM
	wait_status stopped
	wait_until has_text two "$OUT"
	has_text one "$OUT"
}

@test "no cgroup: with the machine's pid namespace delete --force ends all too" {
	without_namespace pid
	config '.mounts |= map(select(.type != "proc")) | .linux.maskedPaths = [] | .linux.readonlyPaths = []'
	mount_add /proc bind /proc rbind
	script 'sleep 1000 & sleep 1000 & wait'
	run_detached
	wait_until eval '[[ $(hull ps -f json "$ID" | jq length) == 3 ]]'
	local pids
	pids=$(hull ps -f json "$ID" | jq '.[]')
	hull delete --force "$ID"
	local pid
	for pid in $pids; do wait_until is_gone "$pid"; done
	assert_nothing_left
}

@test "no cgroup: in the pid namespace of another container, only its own processes count" {
	local first other=$ID-other
	run_sleeper
	first=$(pid_of)
	with_namespace pid "/proc/$first/ns/pid"
	with_namespace user "/proc/$first/ns/user"
	script 'sleep 1000 & wait'
	hull run --detach "$other" >>"$OUT" 2>&1 </dev/null
	wait_until eval '[[ $(hull ps -f json "$other" | jq length) == 2 ]]'
	try hull ps -f json "$other"
	assert_eq "$(jq "index($first)" <<<"$output")" null
	hull kill --all "$other" KILL
	wait_status stopped "$other"
	hull delete "$other"
	assert_eq "$(status_of)" running
}

@test "no cgroup: pause says that it cannot, and the container goes on" {
	run_sleeper
	try hull pause "$ID"
	assert_error "no cgroup"
	assert_eq "$(status_of)" running
	try hull resume "$ID"
	assert_error "it is running"
	try hull events --stats "$ID"
	assert_error "no cgroup"
}

@test "no cgroup: a limit that was asked for is refused by its name" {
	local limit
	for limit in 'memory: {limit: 67108864}' 'pids: {limit: 10}' 'cpu: {quota: 50000}' \
		'unified: {"memory.high": "1M"}'; do
		config ".linux.resources = {$limit}"
		try hull run "$ID"
		assert_error "linux.resources.${limit%%:*}" cgroup
		assert_nothing_left
	done
	# What engines give to every container asks for nothing.
	config '.linux.resources = {devices: [{allow: false, access: "rwm"}], cpu: {shares: 1024, quota: 0},
		memory: {}, pids: {limit: 0}, blockIO: {weight: 0}}'
	run_script 'echo runs'
	assert_ok
	assert_output runs
}

@test "no cgroup: a path that the user may not make is refused" {
	config '.linux.cgroupsPath = "/hull-not-his/'"$ID"'"'
	try hull run "$ID"
	assert_error cgroupsPath "$ID"
	assert_nothing_left
}

@test "no cgroup: --rootless=false insists on one" {
	try hull --rootless=false run "$ID"
	assert_error cgroup
	assert_nothing_left
	try hull --rootless maybe run "$ID"
	assert_error --rootless maybe
}

@test "no cgroup: --cgroup-manager disabled, for root too" {
	hull() {
		HULL_BATS=$ID "$HULL" --root "$STATE" --cgroup-manager disabled "$@" 3>&- 4>&-
	}
	rm config.json
	hull spec
	config '.process.terminal = false'
	run_sleeper
	assert_eq "$(cat "/proc/$(pid_of)/cgroup")" "$(cat /proc/self/cgroup)"
	try hull exec "$ID" true
	assert_ok
	hull delete --force "$ID"
	config '.linux.resources = {memory: {limit: 67108864}}'
	try hull run "$ID"
	assert_error memory.limit
}
