#!/usr/bin/env bats
# shellcheck disable=SC2154 # try sets $output
# The systemd driver of an ordinary user, who has a systemd and a bus of his own.

load systemd

# The user's systemd, with a bus as Debian's package dbus-user-session has it. The machine is the
# test's own, so they stay.
setup_file() {
	id hulltest >/dev/null 2>&1 || useradd --create-home --uid 4711 hulltest
	mkdir -p /etc/systemd/user/sockets.target.wants /run/systemd/system/user@4711.service.d
	printf '%s\n' '[Socket]' 'ListenStream=%t/bus' >/etc/systemd/user/dbus.socket
	cat >/etc/systemd/user/dbus.service <<-'END'
		[Unit]
		Requires=dbus.socket
		[Service]
		ExecStart=/usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --systemd-activation
	END
	ln -sf ../dbus.socket /etc/systemd/user/sockets.target.wants/
	printf '%s\n' '[Service]' 'Environment=XDG_RUNTIME_DIR=/run/user/4711' \
		>/run/systemd/system/user@4711.service.d/hull.conf
	command systemctl daemon-reload
	command systemctl start user@4711.service
}

# as_user COMMAND...: from the session that runs the tests, which is not the user's.
as_user() {
	setpriv --reuid 4711 --regid 4711 --clear-groups env -i "PATH=$PATH" HOME=/home/hulltest \
		XDG_RUNTIME_DIR=/run/user/4711 "$MARK" "$@" 3>&- 4>&-
}
hull_plain() { as_user timeout --foreground -s KILL "$HULL_TIMEOUT" "$HULL" --root "$STATE" "$@"; }
systemctl() { as_user systemctl --user "$@"; }

# user_bundle: one that the user may run.
user_bundle() {
	config '.process.user = {uid: 0, gid: 0} | .linux.namespaces += [{type: "user"}]
		| .linux.namespaces |= map(select(.type != "network"))
		| .linux.uidMappings = [{containerID: 0, hostID: 4711, size: 1}]
		| .linux.gidMappings = [{containerID: 0, hostID: 4711, size: 1}]
		| .mounts |= map(select(.type != "sysfs") | .options = ((.options // []) | map(select(startswith("gid=") | not))))'
	chown -R 4711:4711 "$BATS_TEST_TMPDIR"
}

@test "user: a scope of his own systemd, its limits, and exec from another session" {
	local pid group
	user_bundle
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 50}}'
	script 'sleep 1000'
	chmod 644 config.json
	run_detached
	assert_properties "ControlGroup=/user.slice/user-4711.slice/user@4711.service/user.slice/$(unit)" \
		MemoryMax=67108864 TasksMax=50
	group=$(group)
	pid=$(pid_of)
	assert_eq "$(cat "/proc/$pid/cgroup")" "0::${group#/sys/fs/cgroup}"
	assert_eq "$(cat "$group"/{memory,pids}.max | tr '\n' ' ')" '67108864 50 '
	try hull_plain exec "$ID" cat /proc/self/cgroup
	assert_output 0::/
	hull_plain exec --detach "$ID" sleep 1000
	assert_eq "$(wc -l <"$group/cgroup.procs")" 2
	hull_plain update --pids-limit 60 "$ID"
	assert_properties TasksMax=60
	assert_eq "$(cat "$group/pids.max")" 60
	hull_plain delete --force "$ID"
	no_units
	[[ ! -e $group ]]
}

@test "user: a tenant is a slice of his own systemd" {
	local slice dir parent=/user.slice/user-4711.slice/user@4711.service/user.slice
	slice=user-hull_tenant_acme.slice dir=/sys/fs/cgroup$parent/$slice
	user_bundle
	script 'sleep 1000'
	chmod 644 config.json
	hull_plain tenant set acme --weight 300 --memory 256m
	assert_eq "$(as_user jq -c .tenants /home/hulltest/.config/hull/tenants.json)" \
		'{"acme":{"weight":300,"memory":"256m"}}'
	run_detached --tenant acme
	assert_properties "Slice=$slice" "ControlGroup=$parent/$slice/$(unit)"
	UNIT=$slice assert_properties CPUWeight=300 MemoryMax=268435456 MemorySwapMax=0
	assert_eq "$(cat "$dir/cpu.weight" "$dir/memory.max" "$dir/memory.swap.max")" $'300\n268435456\n0'
	try hull_plain tenant delete acme
	assert_error acme "in use" "$ID"
	hull_plain tenant set acme --weight 700 --cpus 0.5 --memory none
	UNIT=$slice assert_properties CPUWeight=700 CPUQuotaPerSecUSec=500ms MemoryMax=infinity
	assert_eq "$(cat "$dir/cpu.weight" "$dir/cpu.max" "$dir/memory.max")" $'700\n50000 100000\nmax'
	hull_plain delete --force "$ID"
	[[ ! -e $dir ]]
	hull_plain tenant delete acme
	no_units
}
