#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# shellcheck disable=SC2030,SC2031,SC2154 # try sets its variables
# linux.netDevices: interfaces that move into the container. The host's network is a namespace of
# the test's own; the interfaces of the machine are never touched.

load setup

# Overrides that of setup.bash: hull runs where $NETWORK is the host's network.
hull() {
	HULL_BATS=$ID timeout --foreground -s KILL "$HULL_TIMEOUT" nsenter --net="/proc/$NETWORK/ns/net" \
		"$HULL" --root "$STATE" "$@" 3>&- 4>&-
}
host() { nsenter --net="/proc/${NETWORK_OF:-$NETWORK}/ns/net" "$@"; }

# network_make: $MADE is a process in a network namespace of its own.
network_make() {
	unshare --net sleep 1000 3>&- 4>&- &
	MADE=$!
	disown
	wait_until is_apart "$MADE"
	cleanup_later "kill $MADE"
}
is_apart() { [[ $(readlink "/proc/$1/ns/net") != "$(readlink /proc/self/ns/net)" && $(readlink "/proc/$1/exe") == */sleep ]]; }

# devices EXPRESSION: the section; the host has v0, whose other end is peer0.
devices() {
	network_make
	NETWORK=$MADE
	host ip link add v0 address 02:00:00:00:00:07 mtu 1450 type veth peer name peer0
	config ".linux.netDevices = $1"
}

@test "netDevices: an interface moves, with MTU, hardware address and addresses, and is up" {
	devices '{v0: {}}'
	host ip address add 10.11.12.13/24 broadcast 10.11.12.255 dev v0
	host ip address add 10.20.0.1 peer 10.20.0.2/32 dev v0
	host ip -6 address add fd00:11::5/64 dev v0 nodad
	# None of these is permanent and global.
	host ip address add 10.99.0.1/24 dev v0 valid_lft 1000 preferred_lft 1000
	host ip address add 10.98.0.1/24 dev v0 scope link
	host ip -6 address add fe80::77/64 dev v0 nodad
	host ip link set peer0 up
	run_script 'ip link show v0; ip addr show dev v0; cat /sys/class/net/v0/flags 2>/dev/null'
	assert_ok
	assert_has 'mtu 1450' '02:00:00:00:00:07' 'inet 10.11.12.13/24 brd 10.11.12.255' \
		'inet 10.20.0.1 peer 10.20.0.2/32' 'inet6 fd00:11::5/64' ',UP'
	assert_lacks 10.99.0.1 10.98.0.1 fe80::77
	not host ip link show v0 2>/dev/null
}

@test "netDevices: with a new name, in a namespace that is joined, up already, several at once" {
	devices '{v0: {name: "eth7"}, w0: {name: "v0"}}'
	host ip link add w0 type veth peer name peer1
	host ip link set v0 up
	host ip address add 10.11.12.13/24 dev v0
	network_make
	with_namespace network "/proc/$MADE/ns/net"
	payload ip link
	try hull run "$ID"
	assert_ok
	assert_has 'eth7@' 'v0@'
	NETWORK_OF=$MADE host ip -o address show dev eth7 | grep -F 'inet 10.11.12.13/24'
	# The namespace is not the container's, so they stay in it.
	NETWORK_OF=$MADE host ip link show v0
}

@test "netDevices: they are there before createRuntime hooks and sysctls, and exec sees them" {
	devices '{v0: {name: "eth7"}}'
	config --arg out "$BATS_TEST_TMPDIR/hook" '.linux.sysctl = {"net.ipv4.conf.eth7.forwarding": "1"}
		| .hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "pid=$(jq .pid)
			nsenter --net=/proc/$pid/ns/net ip -o link >\($out)"], env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]}]'
	run_sleeper
	has_text eth7 "$BATS_TEST_TMPDIR/hook"
	try hull exec "$ID" cat /proc/sys/net/ipv4/conf/eth7/forwarding
	assert_output 1
	try hull exec "$ID" ip link
	assert_has eth7
}

@test "netDevices: a user namespace, whose root owns the network" {
	devices '{v0: {name: "eth7"}}'
	host ip address add 10.11.12.13/24 dev v0
	user_namespace
	run_script 'ip addr show dev eth7'
	assert_ok
	assert_has 'inet 10.11.12.13/24'
}

@test "netDevices: create, start, delete: a virtual one vanishes with its namespace" {
	devices '{v0: {}}'
	payload ip -o link
	create_container
	not host ip link show v0 2>/dev/null
	nsenter --net="/proc/$(pid_of)/ns/net" ip link show v0
	hull start "$ID"
	wait_status stopped
	has_text v0 "$OUT"
	hull delete "$ID"
	wait_until peer_is_gone
}
peer_is_gone() { ! host ip link show peer0 2>/dev/null; }

@test "netDevices: refused: missing, name taken, no namespace, the host's namespace" {
	devices '{v0: {}, nowhere0: {}}'
	payload true
	try hull run "$ID"
	assert_error 'linux.netDevices["nowhere0"]' "no such network device"
	# Nothing was moved.
	host ip link show v0
	config '.linux.netDevices = {v0: {name: "lo"}}'
	try hull run "$ID"
	assert_error 'linux.netDevices["v0"]' lo already
	host ip link show v0
	config '.linux.netDevices = {lo: {name: "lo1"}}'
	try hull run "$ID"
	assert_error 'linux.netDevices["lo"]' "cannot be moved"
	config '.linux.netDevices = {v0: {name: "much-too-long-name"}}'
	try hull run "$ID"
	assert_error 'linux.netDevices["v0"].name'
	config '.linux.netDevices = {v0: {}}'
	with_namespace network "/proc/$NETWORK/ns/net"
	try hull run "$ID"
	assert_error linux.netDevices "is the host's"
	without_namespace network
	try hull run "$ID"
	assert_error linux.netDevices "network namespace"
	host ip link show v0
	assert_nothing_left
}

@test "netDevices: a template for the name takes the first number that is free" {
	devices '{v0: {name: "eth%d"}, w0: {name: "eth%d"}, peer0: {name: "net%d.7"}}'
	host ip link add w0 type veth peer name peer1
	network_make
	with_namespace network "/proc/$MADE/ns/net"
	NETWORK_OF=$MADE host ip link add eth0 type veth peer name other0
	payload ip -o link
	try hull run "$ID"
	assert_ok
	assert_has ' eth1@' ' eth2@' ' net0.7@'
	config '.linux.netDevices = {v0: {name: "eth%s"}}'
	try hull run "$ID"
	assert_error 'linux.netDevices["v0"].name'
}

@test "netDevices: when create fails they are back, with names, addresses and state" {
	devices '{v0: {name: "eth7"}, d0: {}}'
	host ip link add d0 type veth peer name peer2
	host ip link set v0 up
	host ip address add 10.11.12.13/24 dev v0
	host ip address add 10.20.0.1/24 dev d0
	local reason
	for reason in '.hooks.createRuntime = [{path: "/bin/false"}]' '.process.args = ["/no/such"] | del(.hooks)' \
		'.process.args = ["true"] | .linux.netDevices.d1 = {name: "lo"}' \
		'.linux.netDevices = {v0: {name: "eth7"}, d0: {}, lo: {name: "x"}}'; do
		config "$reason"
		try hull create "$ID"
		assert_error
		[[ $stderr != *"not as it was"* ]] || report "warned"
		host ip -o address show dev v0 up | grep -F 'inet 10.11.12.13/24'
		host ip -o address show dev d0 | grep -F 'inet 10.20.0.1/24'
		[[ -z $(host ip -o link show dev d0 up) ]]
	done
	assert_nothing_left
}

@test "netDevices: by somebody without the right to move them" {
	devices '{v0: {}}'
	payload true
	try setpriv --bounding-set -net_admin --inh-caps -net_admin nsenter --net="/proc/$NETWORK/ns/net" \
		"$HULL" --root "$STATE" run "$ID"
	assert_error 'linux.netDevices["v0"]' "only the host's root"
	host ip link show v0
	assert_nothing_left
}
