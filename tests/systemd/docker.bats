#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Docker and containerd with systemd as their cgroup driver and hull as their runtime.

load systemd

docker() {
	timeout --foreground -s KILL 120 docker --host "unix://$D/socket" --config "$D" "$@" 3>&- 4>&-
}

# docker_setup: a daemon in the folder $D, whose path has to be short: sockets are below it.
docker_setup() {
	D=$(mktemp -d /tmp/hull.XXXXXX)
	cleanup_later "rm -rf --one-file-system $D"
	jq --null-input --arg hull "$HULL" --arg at "$D" --arg slice "$(slice)" '{
		runtimes: {hull: {path: $hull}}, "default-runtime": "hull", hosts: ["unix://\($at)/socket"],
		"data-root": "\($at)/data", "exec-root": "\($at)/exec", pidfile: "\($at)/pid",
		"exec-opts": ["native.cgroupdriver=systemd"], "cgroup-parent": $slice,
		"storage-driver": "vfs", bridge: "none", iptables: false}' >"$D/daemon.json"
	dockerd --config-file "$D/daemon.json" >"$D/log" 2>&1 </dev/null 3>&- 4>&- &
	local daemon=$!
	CLEANUPS=("docker_stop $daemon" "${CLEANUPS[@]}")
	answers() { docker version >/dev/null 2>&1; }
	wait_until answers
	tar -C "$BATS_RUN_TMPDIR/base/rootfs" -c . | docker import - box >/dev/null
}
slice() { printf '%s.slice\n' "${ID//-/_}"; }
docker_stop() {
	kill "$1"
	wait "$1" || true
	umount "$D"/exec/netns/* 2>/dev/null || true
	systemctl stop "$(slice)"
}

has_ended() { [[ $(property ActiveState) == inactive ]]; }

@test "docker: limits, update, exec, pause, stop; the scope goes" {
	docker_setup
	docker run --detach --name box --network none --memory 64m --pids-limit 30 --cpus 0.5 box \
		sh -c 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until catches_term "$(docker inspect --format '{{.State.Pid}}' box)"
	UNIT=docker-$(docker inspect --format '{{.Id}}' box).scope
	assert_properties ActiveState=active MemoryMax=67108864 TasksMax=30 "Slice=$(slice)"
	assert_eq "$(cat "$(group)/memory.max")" 67108864
	assert_eq "$(cat "$(group)/cpu.max")" '50000 100000'
	docker update --memory 128m --memory-swap 128m box >/dev/null
	assert_properties MemoryMax=134217728
	try docker exec box sh -c 'echo inside; sleep 0.2; exit 5'
	assert_status 5
	assert_output inside
	docker pause box >/dev/null
	assert_eq "$(cat "$(group)/cgroup.freeze")" 1
	docker unpause box >/dev/null
	docker stop box >/dev/null
	wait_until has_ended
	docker rm box >/dev/null
}

@test "containerd: a container by ctr with its systemd option" {
	docker_setup
	# Docker's own containerd; an image of its own format would be the only thing that it lacks.
	ctr() { timeout 120 ctr --address "$D/exec/containerd/containerd.sock" "$@" 3>&- 4>&-; }
	ctr run --detach --runc-binary "$HULL" --runc-systemd-cgroup --cgroup "$(slice):ctr:$ID" \
		--memory-limit 67108864 --rootfs "$ROOTFS" "$ID" sleep 1000
	UNIT=ctr-$ID.scope
	assert_properties ActiveState=active MemoryMax=67108864
	ctr task kill --signal KILL "$ID"
	stopped() { [[ $(ctr task ls | awk -v c="$ID" '$1 == c { print $3 }') == STOPPED ]]; }
	wait_until stopped
	ctr task delete "$ID" >/dev/null 2>&1 || true
	ctr container delete "$ID"
	wait_until has_ended
}
