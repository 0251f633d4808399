#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# podman pod: containers that share namespaces and a control group.

load podman

setup_file() {
	# The infra container's image, which Podman builds of catatonit.
	# shellcheck source-path=SCRIPTDIR source=podman.bash
	. "$BATS_TEST_DIRNAME/podman.bash"
	podman pod create --network none first >/dev/null
	podman pod rm --force first >/dev/null
}

of_container() { readlink "/proc/$(pid_of "$2")/ns/$1"; }

@test "pod: its containers share network, IPC and hostname, not processes and files" {
	podman pod create --network none --hostname shared "$C" >/dev/null
	podman run --detach --pod "$C" --name "$C-a" debian sleep 1000 >/dev/null
	podman run --detach --pod "$C" --name "$C-b" debian sleep 1000 >/dev/null
	local type
	for type in net ipc uts; do
		assert_eq "$(of_container $type "$C-a")" "$(of_container $type "$C-b")"
	done
	for type in pid mnt; do
		[[ $(of_container $type "$C-a") != "$(of_container $type "$C-b")" ]] || fail "one $type namespace"
	done
	try podman exec "$C-b" hostname
	assert_output shared
	# What one listens on, the other reaches.
	podman exec --detach "$C-a" sh -c 'echo answer | busybox nc -l -p 4000'
	answered() { [[ $(podman exec "$C-b" busybox nc 127.0.0.1 4000 </dev/null) == answer ]]; }
	wait_until answered
	podman exec "$C-a" touch /dev/shm/mark
	podman exec "$C-b" test -e /dev/shm/mark
	podman pod rm --force --time 0 "$C" >/dev/null
	assert_nothing_left
}

@test "pod: one process namespace" {
	podman pod create --network none --share pid,uts "$C" >/dev/null
	podman run --detach --pod "$C" --name "$C-a" debian sleep 4321 >/dev/null
	try podman run --rm --pod "$C" debian ps -e -o args
	assert_has 'sleep 4321' catatonit
}

@test "pod: without an infra container" {
	podman pod create --infra=false "$C" >/dev/null
	podman run --detach --pod "$C" --name "$C-a" debian sleep 1000 >/dev/null
	try podman pod inspect "$C" --format '{{.NumContainers}} {{.State}}'
	assert_output '1 Running'
	[[ $(of_container net "$C-a") != "$(readlink /proc/self/ns/net)" ]]
}

@test "pod: a limit for all of them" {
	podman pod create --network none --memory 96m --cpus 0.5 "$C" >/dev/null
	podman run --detach --pod "$C" --name "$C-a" --memory 64m debian sleep 1000 >/dev/null
	local group
	group=$(cgroup_dir "$(pid_of "$C-a")" memory)
	assert_eq "$(limit "$(pid_of "$C-a")" memory memory.limit_in_bytes memory.max)" 67108864
	[[ $(<"${group%/*}/$([[ $(controller_version memory) == 1 ]] && echo memory.limit_in_bytes || echo memory.max)") == 100663296 ]]
}

@test "pod: stop, start, pause, restart, top, stats" {
	podman pod create --network none "$C" >/dev/null
	podman run --detach --pod "$C" --name "$C-a" --init debian sleep 1000 >/dev/null
	podman pod pause "$C" >/dev/null
	assert_eq "$(status_of "$C-a")" paused
	podman pod unpause "$C" >/dev/null
	try podman pod top "$C"
	assert_has 'sleep 1000'
	try podman pod stats --no-stream "$C"
	assert_has "$C-a"
	podman pod stop "$C" >/dev/null
	wait_until has_status exited "$C-a"
	podman pod start "$C" >/dev/null
	assert_eq "$(status_of "$C-a")" running
	podman pod restart "$C" >/dev/null
	assert_eq "$(status_of "$C-a")" running
}

@test "pod: with a user namespace" {
	podman pod create --network none --uidmap 0:100000:65536 --gidmap 0:100000:65536 "$C" >/dev/null
	podman run --detach --pod "$C" --name "$C-a" debian sleep 1000 >/dev/null
	assert_eq "$(stat -c %u "/proc/$(pid_of "$C-a")")" 100000
	[[ $(of_container user "$C-a") != "$(readlink /proc/self/ns/user)" ]]
}

@test "pod: from a Kubernetes description" {
	cat >pod.yaml <<-EOF
		apiVersion: v1
		kind: Pod
		metadata: {name: $C}
		spec:
		  restartPolicy: Never
		  hostNetwork: true
		  initContainers:
		  - {name: init, image: localhost/debian, command: [sh, -c, "echo ready >/shared/mark"],
		     volumeMounts: [{name: shared, mountPath: /shared}]}
		  containers:
		  - name: main
		    image: localhost/debian
		    command: [sh, -c, "cat /shared/mark; sleep 1000"]
		    resources: {limits: {memory: 64Mi, cpu: 500m}}
		    securityContext: {readOnlyRootFilesystem: true, runAsUser: 1000}
		    volumeMounts: [{name: shared, mountPath: /shared}]
		  volumes: [{name: shared, emptyDir: {}}]
	EOF
	podman kube play --quiet pod.yaml >/dev/null
	ready() { in_logs ready "$C-main"; }
	wait_until ready
	assert_eq "$(limit "$(pid_of "$C-main")" memory memory.limit_in_bytes memory.max)" 67108864
	try podman exec "$C-main" sh -c 'id -u; touch /x 2>/dev/null || echo denied'
	assert_output $'1000\ndenied'
	podman kube down --force pod.yaml >/dev/null
}
