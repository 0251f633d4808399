#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Which namespaces are the container's own, the host's, or another container's.

load podman

own() { readlink "/proc/self/ns/$1"; }
of_container() { readlink "/proc/$(pid_of "${2:-$C}")/ns/$1"; }

@test "namespaces: all but the user's are new" {
	run_sleeper
	local type
	for type in mnt pid ipc uts net $([[ $CGROUP_MODE != v2 ]] || echo cgroup); do
		[[ $(of_container "$type") != "$(own "$type")" ]] || fail "the host's $type namespace"
	done
	assert_eq "$(of_container user)" "$(own user)"
}

@test "namespaces: the host's, each by its option" {
	local pair
	run_sleeper --network host --pid host --ipc host --uts host --cgroupns host
	for pair in net pid ipc uts cgroup; do
		assert_eq "$(of_container "$pair")" "$(own "$pair")"
	done
	try podman exec "$C" hostname
	assert_output "$(hostname)"
	# A shell of this test is seen.
	try podman exec "$C" cat "/proc/$$/comm"
	assert_output "$(</proc/$$/comm)"
}

@test "namespaces: --network none has only a loopback, which is up" {
	run_script --network none 'ls /sys/class/net; busybox ip -o -4 addr; busybox ping -c 1 127.0.0.1 >/dev/null && echo up'
	assert_has lo 127.0.0.1
	assert_lacks eth0
}

@test "namespaces: --network ns:PATH" {
	ip netns add "net$C"
	cleanup_later "ip netns del net$C"
	run_sleeper --network "ns:/run/netns/net$C"
	assert_eq "$(of_container net)" "net:[$(stat -L -c %i "/run/netns/net$C")]"
	podman rm --force --time 0 "$C" >/dev/null
	ip netns del "net$C"
}

@test "namespaces: those of another container" {
	run_sleeper --ipc shareable
	podman run --detach --name "$C-2" --network "container:$C" --pid "container:$C" --ipc "container:$C" \
		--uts "container:$C" debian sleep 1000 >/dev/null
	local type
	for type in net pid ipc uts; do
		assert_eq "$(of_container $type)" "$(of_container $type "$C-2")"
	done
	try podman exec "$C-2" sh -c 'tr "\0" " " </proc/1/cmdline'
	assert_has trap
}

@test "namespaces: --hostname and --sysctl" {
	run_script --hostname box.example --sysctl kernel.shmmax=65536 --sysctl fs.mqueue.msg_max=7 \
		--sysctl net.ipv4.ip_default_ttl=77 \
		'hostname; cat /proc/sys/kernel/shmmax /proc/sys/fs/mqueue/msg_max /proc/sys/net/ipv4/ip_default_ttl'
	assert_ok
	assert_output $'box.example\n65536\n7\n77'
	[[ $(</proc/sys/net/ipv4/ip_default_ttl) != 77 ]]
}

@test "namespaces: --cgroupns private shows the container's group as the root" {
	run_script --cgroupns private 'cut -d: -f3 /proc/self/cgroup | sort -u'
	assert_output /
	run_script --cgroupns host 'cut -d: -f3 /proc/self/cgroup | sort -u'
	assert_has "/$ENGINES_GROUP/libpod-"
}

@test "user namespace: --uidmap and --gidmap" {
	mkdir data
	chown 100000:100000 data
	run_sleeper --uidmap 0:100000:65536 --gidmap 0:100000:65536 --volume "$PWD/data:/data"
	assert_eq "$(stat -c '%u %g' "/proc/$(pid_of)")" '100000 100000'
	[[ $(of_container user) != "$(own user)" ]]
	try podman exec "$C" sh -c 'id -u; stat -c %u /etc/passwd; touch /data/x && cat /proc/self/uid_map | xargs'
	assert_output $'0\n0\n0 100000 65536'
	assert_eq "$(stat -c %u data/x)" 100000
	try podman exec --user 33 "$C" id -un
	assert_output www-data
	# Root inside is nobody outside.
	try podman exec "$C" sh -c 'echo 1 >/proc/sys/kernel/sysrq || cat /proc/1/root/proc/kcore'
	[[ $status -ne 0 ]]
}

@test "user namespace: an id-mapped volume" {
	mkdir data
	touch data/root
	try podman run --rm --uidmap 0:200000:1000 --gidmap 0:200000:1000 --mount "type=bind,source=$PWD/data,destination=/d,idmap" \
		debian sh -c 'stat -c %u /d/root && touch /d/new'
	if [[ $status -ne 0 && $stderr == *"does not support"* ]]; then
		skip "the file system of $PWD cannot be id-mapped"
	fi
	assert_output 0
	assert_eq "$(stat -c %u data/new)" 0
}

@test "user namespace: with a terminal, a memory limit, a read-only root and the host's network" {
	try podman run --rm --uidmap 0:100000:65536 --read-only --memory 64m --network host debian \
		sh -c 'id -u; touch /x 2>/dev/null || echo denied; ls /sys/class/net | grep -c lo'
	assert_output $'0\ndenied\n1'
}

@test "time: --tz and umask" {
	run_script --tz Asia/Tokyo --umask 0027 'umask; touch /tmp/x; stat -c %a /tmp/x'
	assert_output $'0027\n640'
}
