#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # $names in single quotes are the container's own; others are
# for the functions that are loaded
# Podman with its cgroup manager "systemd" and hull as its runtime.

load systemd

podman() {
	HULL_BATS=$ID CONTAINERS_CONF_OVERRIDE=$BATS_TEST_TMPDIR/containers.conf \
		timeout --foreground -s KILL 120 podman --root "$BATS_RUN_TMPDIR/store" \
		--runroot "$BATS_RUN_TMPDIR/run" --tmpdir "$BATS_RUN_TMPDIR/tmp" --storage-driver vfs \
		--cgroup-manager systemd --events-backend file --runtime "$HULL" "$@" 3>&- 4>&-
}

podman_setup() {
	printf '%s\n' '[containers]' 'netns = "none"' 'log_driver = "k8s-file"' '[engine]' \
		'lock_type = "file"' >"$BATS_TEST_TMPDIR/containers.conf"
	tar -C "$BATS_RUN_TMPDIR/base/rootfs" -c . | podman import --quiet - box >/dev/null
	cleanup_later "podman rm --force --all --time 0; podman rmi --force --all"
	cleanup_later "find /run/hull -mindepth 1 -maxdepth 1 ! -name '@*' | grep . && exit 1 || true"
}

@test "podman: limits, exec, pause, stop; the scope goes" {
	podman_setup
	podman run --detach --name "$ID" --memory 64m --pids-limit 30 --cpus 0.5 box \
		sh -c 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done' >/dev/null
	local UNIT group pid
	# Before it has its trap, the kernel keeps the signal from it.
	wait_until catches_term "$(podman inspect --format '{{.State.Pid}}' "$ID")"
	UNIT=libpod-$(podman inspect --format '{{.Id}}' "$ID").scope
	assert_properties Slice=machine.slice MemoryMax=67108864 TasksMax=30 CPUQuotaPerSecUSec=500ms
	group=$(group)
	pid=$(podman inspect --format '{{.State.Pid}}' "$ID")
	assert_eq "$(cat "/proc/$pid/cgroup")" "0::${group#/sys/fs/cgroup}"
	assert_eq "$(cat "$group"/{memory.max,pids.max,cpu.max} | tr '\n' ' ')" '67108864 30 50000 100000 '
	systemctl daemon-reload
	assert_eq "$(cat "$group"/{memory.max,pids.max,cpu.max} | tr '\n' ' ')" '67108864 30 50000 100000 '
	try podman exec "$ID" cat /proc/self/cgroup
	assert_output 0::/
	podman update --memory 80m "$ID" >/dev/null
	assert_properties MemoryMax=83886080
	podman pause "$ID" >/dev/null
	assert_eq "$(podman inspect --format '{{.State.Status}}' "$ID")" paused
	podman unpause "$ID" >/dev/null
	podman stop "$ID" >/dev/null
	assert_eq "$(podman inspect --format '{{.State.ExitCode}}' "$ID")" 0
	[[ ! -e $group ]]
	assert_properties LoadState=not-found
	podman rm "$ID" >/dev/null
}

@test "podman: a container that fails, and one with an init system's mounts" {
	podman_setup
	try podman run --rm box sh -c 'exit 42'
	assert_status 42
	try podman run --rm --systemd always --stop-signal TERM box \
		sh -c 'sleep 0.5; mkdir /sys/fs/cgroup/init.scope && cat /proc/self/cgroup'
	assert_ok
	assert_output 0::/
	[[ $(systemctl list-units --failed --no-legend) != *libpod* ]]
}
