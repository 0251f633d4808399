#!/usr/bin/env bats
# bats file_tags=systemd
# shellcheck disable=SC2034,SC2119,SC2153,SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Engines with systemd as their cgroup driver: a container is a scope of systemd's.
# With systemd as process 1: tests/lab/run --systemd -- tests/engines/run --inside 'systemd driver'

load containerd
load docker

SLICE=hullengines.slice

# Both daemons: Docker and the containerd that it starts.
setup_file() {
	mkdir -p "$DOCKER/client"
	daemon_configure '.["exec-opts"] = ["native.cgroupdriver=systemd"] | .["cgroup-parent"] = "'$SLICE'"'
	daemon_start
	docker import "$("$ENGINES/../lab/image")" debian >/dev/null
}

teardown_file() {
	daemon_stop
	rm -rf "$DOCKER"
	systemctl stop "$SLICE" 2>/dev/null || true
}

# scope_of ID: the unit whose name has it.
scope_of() { systemctl list-units --plain --no-legend "*$1.scope" | awk '{ print $1 }'; }
property() { systemctl show --property "$1" --value "$2"; }

teardown() {
	local ids
	cd /
	ids=$(docker ps --all --quiet)
	# shellcheck disable=SC2086 # a list of ids
	[[ -z $ids ]] || docker rm --force $ids >/dev/null
	systemctl list-units --plain --no-legend '*.scope' >"$BATS_TEST_TMPDIR/scopes"
	! grep -E 'docker-|libpod-' "$BATS_TEST_TMPDIR/scopes"
}

@test "systemd driver: docker run, with limits and the scope of the container" {
	docker run --detach --name "$C" --network none --memory 64m --pids-limit 30 --cpus 0.5 debian sleep 1000 >/dev/null
	local pid scope
	pid=$(docker inspect --format '{{.State.Pid}}' "$C")
	scope=docker-$(docker inspect --format '{{.Id}}' "$C").scope
	[[ $(<"/proc/$pid/cgroup") == "0::/$SLICE/$scope" ]] || fail "in $(<"/proc/$pid/cgroup")"
	assert_eq "$(property ActiveState "$scope")" active
	assert_eq "$(property MemoryMax "$scope") $(property TasksMax "$scope")" '67108864 30'
	assert_eq "$(cat "/sys/fs/cgroup/$SLICE/$scope/memory.max")" 67108864
	docker update --memory 128m --memory-swap 128m "$C" >/dev/null
	assert_eq "$(property MemoryMax "$scope")" 134217728
	assert_eq "$(cat "/sys/fs/cgroup/$SLICE/$scope/memory.max")" 134217728
	try docker exec "$C" sh -c 'echo inside; exit 5'
	assert_status 5
	docker stop --time 0 "$C" >/dev/null
	has_ended() { [[ $(property ActiveState "$scope") == inactive ]]; }
	wait_until has_ended
}

@test "systemd driver: podman run" {
	image_need
	manager() {
		CONTAINERS_CONF_OVERRIDE=$STORE/containers.conf timeout 120 podman --root "$STORE/root" --runroot "$STORE/runroot" \
			--tmpdir "$STORE/tmp" --storage-driver overlay --cgroup-manager systemd --runtime "$HULL" "$@" 3>&- 4>&-
	}
	manager run --detach --name "$C" --memory 64m debian sleep 1000 >/dev/null
	local id
	id=$(manager inspect --format '{{.Id}}' "$C")
	assert_eq "$(property MemoryMax "libpod-$id.scope")" 67108864
	manager rm --force --time 0 "$C" >/dev/null
	has_ended() { [[ $(property ActiveState "libpod-$id.scope") == inactive ]]; }
	wait_until has_ended
}

@test "systemd driver: ctr run --runc-systemd-cgroup" {
	CONTAINERD=$STORE/containerd
	image_need
	mkdir -p "$CONTAINERD"
	containerd_configure
	containerd_start
	cleanup_later containerd_stop
	podman save --quiet --output "$CONTAINERD/image.tar" "$IMAGE"
	ctr images import "$CONTAINERD/image.tar" >/dev/null
	ctr run --detach --runc-binary "$HULL" --runc-systemd-cgroup --cgroup "$SLICE:ctr:$C" --memory-limit 67108864 "$IMAGE" "$C" sleep 1000
	assert_eq "$(property MemoryMax "ctr-$C.scope")" 67108864
	ctr task kill --signal KILL "$C"
	has_stopped() { [[ $(ctr task ls | awk -v c="$C" '$1 == c { print $3 }') == STOPPED ]]; }
	wait_until has_stopped
	ctr task delete "$C" >/dev/null 2>&1 || true
	ctr container delete "$C"
	has_ended() { [[ $(property ActiveState "ctr-$C.scope") == inactive ]]; }
	wait_until has_ended
	containerd_stop
	CLEANUPS=()
}
