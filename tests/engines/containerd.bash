# shellcheck shell=bash
# shellcheck disable=SC2034,SC2119,SC2120 # for the tests; arguments that only some give
# containerd of one's own for each file, with the configuration of docs/engines.md, and after each
# test the proof that nothing of its containers is left.
#
# Each test has a name for its container ($C); the image is $IMAGE.

ENGINES=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR source=podman.bash
. "$ENGINES/podman.bash"
# shellcheck source-path=SCRIPTDIR source=documented.bash
. "$ENGINES/documented.bash"

CONTAINERD=$STORE/containerd
CONTAINERD_GROUP=$ENGINES_GROUP/containerd
# The namespace that containerd keeps for Kubernetes, so that one import serves both kinds of tests.
CONTAINERD_NAMESPACE=k8s.io
IMAGE=localhost/debian:latest
ENGINE_FUNCTIONS=
export CONTAINERD CONTAINERD_GROUP CONTAINERD_NAMESPACE

containerd_configure() {
	mkdir -p "$CONTAINERD/cni"
	{
		printf 'root = "%s"\nstate = "%s"\n' "$CONTAINERD/root" "$CONTAINERD/state"
		documented config.toml-2
		cat
	} >"$CONTAINERD/config.toml" <<-EOT
		[grpc]
		  address = "$CONTAINERD/socket"

		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/pause:latest"
		  # Without CAP_SYS_RESOURCE nobody may lower it.
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
		    conf_dir = "$CONTAINERD/cni"
	EOT
	cat >"$CONTAINERD/cni/10-hull.conflist" <<-'EOT'
		{"cniVersion": "1.0.0", "name": "hull", "plugins": [
			{"type": "bridge", "bridge": "hull-cni0", "isGateway": true,
				"ipam": {"type": "host-local", "ranges": [[{"subnet": "172.31.251.0/24"}]]}},
			{"type": "loopback"}]}
	EOT
}

containerd_start() {
	containerd --config "$CONTAINERD/config.toml" >>"$CONTAINERD/log" 2>&1 </dev/null 3>&- 4>&- &
	echo $! >"$CONTAINERD/pid"
	disown
	containerd_answers() { ctr version >/dev/null 2>&1; }
	wait_until containerd_answers || tail -n 30 "$CONTAINERD/log" >&2
}

containerd_stop() {
	local pid
	pid=$(<"$CONTAINERD/pid")
	kill -s "${1:-TERM}" "$pid"
	wait_until is_gone "$pid"
}

setup_file() {
	if [[ $(readlink /proc/self/ns/net) == "$(readlink /proc/1/ns/net)" && ! -e /lab ]]; then
		skip "this would change the machine's network"
	fi
	mkdir -p "$CONTAINERD"
	containerd_configure
	containerd_start
	image_need
	# The pod's own container does nothing.
	printf 'FROM debian\nCMD ["sleep", "infinity"]\n' |
		podman build --quiet --tag localhost/pause - >/dev/null
	podman save --quiet --multi-image-archive --output "$CONTAINERD/images.tar" \
		"$IMAGE" localhost/pause:latest
	podman rmi localhost/pause >/dev/null
	ctr images import "$CONTAINERD/images.tar" >/dev/null
	rm "$CONTAINERD/images.tar"
}

teardown_file() {
	[[ ! -e $CONTAINERD/pid ]] || containerd_stop
	ip link delete hull-cni0 2>/dev/null || true
	rm -rf "$CONTAINERD" /var/lib/cni/networks/hull
}

ctr() {
	timeout --foreground -s KILL "${ENGINE_TIMEOUT:-60}" ctr --address "$CONTAINERD/socket" "$@" 3>&- 4>&-
}

# ctr_run [OPTION...] -- ARGUMENT...: a container $C.
ctr_run() {
	local options=()
	while [[ $1 != -- ]]; do
		options+=("$1")
		shift
	done
	shift
	ctr run --runc-binary "$HULL" --cgroup "/$CONTAINERD_GROUP/$C" ${options[@]+"${options[@]}"} "$IMAGE" "$C" "$@"
}

run_script() { try ctr_run --rm "${@:1:$#-1}" -- sh -c "${!#}"; }

run_sleeper() {
	ctr_run --detach "$@" -- sh -c 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
}

pid_of() { ctr task ls | awk -v c="${1:-$C}" '$1 == c { print $2 }'; }
status_of() { ctr task ls | awk -v c="${1:-$C}" '$1 == c { print tolower($3) }'; }

# ---- leaks -----------------------------------------------------------------------------------

containerd_leaks() {
	local dir pid
	find /run/containerd/runc/"$CONTAINERD_NAMESPACE" -mindepth 1 -maxdepth 1 ! -name '@*' -printf 'state: %p\n'
	for dir in /sys/fs/cgroup/"$CONTAINERD_GROUP" /sys/fs/cgroup/*/"$CONTAINERD_GROUP"; do
		[[ ! -d $dir ]] || find "$dir" -mindepth 1 -type d -printf 'cgroup: %p\n'
	done
	awk -v at="$CONTAINERD/state/" 'index($5, at) == 1 { print "mount: " $5 }' /proc/self/mountinfo
	for pid in $(pgrep -f "containerd-shim.*$CONTAINERD"); do
		is_gone "$pid" || echo "process: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c-200)"
	done
} 2>/dev/null

assert_nothing_left() {
	local found n
	for ((n = 0; n < 200; n++)); do
		found=$(containerd_leaks)
		[[ -n $found ]] || return 0
		nap 0.05
	done
	fail "left behind:" "$found"
}

# Without a group of the pod: those of its containers are directly below ours.
pods_remove() {
	local id
	for id in ${PODS[@]+"${PODS[@]}"}; do
		cri StopPodSandbox "{\"pod_sandbox_id\": \"$id\"}" >/dev/null
		cri RemovePodSandbox "{\"pod_sandbox_id\": \"$id\"}" >/dev/null
	done
}

teardown() {
	local code=0 id target
	cd /
	pods_remove || code=$?
	for id in $(ctr task ls --quiet); do
		ctr task delete --force "$id" >/dev/null 2>&1 || code=$?
	done
	for id in $(ctr container ls --quiet); do
		ctr container delete "$id" >/dev/null 2>&1 || code=$?
	done
	for target in ${CLEANUPS[@]+"${CLEANUPS[@]}"}; do
		eval "$target" || true
	done
	assert_nothing_left || code=1
	return "$code"
}

# ---- the Container Runtime Interface -----------------------------------------------------------

# cri METHOD [REQUEST]
cri() { "$ENGINES/cri" "$CONTAINERD/socket" "$@" 3>&- 4>&-; }
PODS=()

# pod_run [JQ EXPRESSION]: $POD is a new pod's id, $POD_CONFIG its configuration.
pod_run() {
	POD_CONFIG=$(jq --null-input --arg name "$C" --arg group "/$CONTAINERD_GROUP" --arg logs "$PWD" '{
		metadata: {name: $name, uid: $name, namespace: "tests"}, hostname: "pod", log_directory: $logs,
		linux: {cgroup_parent: $group}}' | jq --compact-output "${1:-.}")
	POD=$(cri RunPodSandbox "{\"config\": $POD_CONFIG, \"runtime_handler\": \"hull\"}" | jq -r .podSandboxId)
	[[ -n $POD ]] || return
	PODS+=("$POD")
}

# container_create EXPRESSION ARGUMENT...: $ID is a new container of $POD.
container_create() {
	local config
	config=$(jq --null-input --arg image "$IMAGE" '{metadata: {name: "c"}, image: {image: $image}, log_path: "c.log",
		command: $ARGS.positional}' --args -- "${@:2}" | jq --compact-output "$1")
	ID=$(cri CreateContainer \
		"{\"pod_sandbox_id\": \"$POD\", \"config\": $config, \"sandbox_config\": $POD_CONFIG}" | jq -r .containerId)
	[[ -n $ID ]]
}
container_start() { cri StartContainer "{\"container_id\": \"$ID\"}" >/dev/null; }
container_run() {
	container_create "$@" && container_start
}
# container_is MEMBER VALUE
container_is() { [[ $(container_member "$1") == "$2" ]]; }
container_member() { cri ContainerStatus "{\"container_id\": \"$ID\"}" | jq -r ".status.$1"; }
container_pid() {
	cri ContainerStatus "{\"container_id\": \"$ID\", \"verbose\": true}" | jq -r '.info.info | fromjson | .pid'
}
# container_exec ARGUMENT...: $status, $output and $stderr as try sets them.
container_exec() {
	local answer
	try cri ExecSync "$(jq --null-input --compact-output --arg id "$ID" '{container_id: $id, cmd: $ARGS.positional, timeout: 20}' --args -- "$@")"
	[[ $status -eq 0 ]] || return 0
	answer=$output
	status=$(jq .exitCode <<<"$answer")
	output=$(jq -r '.stdout | @base64d' <<<"$answer")
	# shellcheck disable=SC2034 # for the tests
	stderr=$(jq -r '.stderr | @base64d' <<<"$answer")
}
