#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# Podman's bridge: netavark sets it up in the namespace that hull made.

load podman

setup_file() {
	# shellcheck source-path=SCRIPTDIR source=podman.bash
	. "$BATS_TEST_DIRNAME/podman.bash"
	# Made in a network namespace of its own, so that nobody's rules are touched.
	if [[ $(readlink /proc/self/ns/net) == "$(readlink /proc/1/ns/net)" && ! -e /lab ]]; then
		skip "this would change the machine's network"
	fi
	image_need
	if ! podman run --rm --network bridge debian true >"$BATS_FILE_TMPDIR/bridge" 2>&1; then
		grep -qi 'netavark' "$BATS_FILE_TMPDIR/bridge" || return 0
		skip "netavark cannot make a bridge here: $(tail -n 1 "$BATS_FILE_TMPDIR/bridge")"
	fi
}

address() { podman inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$1"; }

@test "bridge: a container has an address and answers" {
	podman run --detach --name "$C" --network bridge debian \
		busybox nc -ll -p 4000 -e echo answer >/dev/null
	local ip
	ip=$(address "$C")
	try podman exec "$C" busybox ip -4 -o address show eth0
	assert_has "$ip/"
	answered() { [[ $(socat -T 2 - "TCP:$ip:4000" </dev/null 2>/dev/null) == answer ]]; }
	wait_until answered
	try podman run --rm --network bridge --cap-add net_raw debian busybox ping -c 1 -W 5 "$ip"
	assert_ok
	try podman run --rm --network bridge debian busybox nc "$ip" 4000
	assert_output answer
}

@test "bridge: a published port" {
	podman run --detach --name "$C" --network bridge --publish 127.0.0.1:4001:4000 debian \
		busybox nc -ll -p 4000 -e echo answer >/dev/null
	answered() { [[ $(socat -T 2 - TCP:127.0.0.1:4001 </dev/null 2>/dev/null) == answer ]]; }
	wait_until answered
	podman rm --force --time 0 "$C" >/dev/null
	run ! answered
}

@test "bridge: networks of one's own are apart, with fixed addresses" {
	podman network create --disable-dns --subnet 10.123.1.0/24 "net$C" >/dev/null
	cleanup_later 'podman network rm --force net$C >/dev/null'
	podman run --detach --name "$C" --network "net$C" --ip 10.123.1.50 debian sleep 1000 >/dev/null
	try podman exec "$C" busybox ip -4 -o address show eth0
	assert_has 10.123.1.50/24
	try podman run --rm --network "net$C:ip=10.123.1.51,interface_name=lab0" debian busybox ip -4 -o address show lab0
	assert_has 10.123.1.51/24
}

@test "bridge: in a pod and in a user namespace" {
	podman run --detach --name "$C" --network bridge --uidmap 0:100000:65536 debian sleep 1000 >/dev/null
	try podman exec "$C" busybox ip -4 -o address show eth0
	assert_has "$(address "$C")/"
}
