# shellcheck shell=bash
# shellcheck disable=SC2120 # arguments that only some give
# Loaded by every file: Podman with hull as its runtime and a store of its own, and after each test
# the proof that nothing of its containers is left.
#
# Each test has a name for its container ($C); the image is "debian". Assertions and the questions
# to cgroups from outside are those of tests/bats.

ENGINES=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source-path=SCRIPTDIR source=../bats/setup.bash
. "$ENGINES/../bats/setup.bash"

# What a user would write into containers.conf is left at its defaults; the locks are files because
# those in shared memory are the machine's, and no network is the fastest one.
store_configure() {
	cat <<-'EOF'
		[containers]
		netns = "none"
		log_driver = "k8s-file"
		[engine]
		lock_type = "file"
	EOF
}

# podman ARG...: Podman on the store of this run. Containers and pods go below one control group,
# $ENGINES_GROUP (empty: where Podman puts them by itself). $RUNTIME: other than $HULL.
podman() { podman_with_descriptors "$@" 3>&- 4>&-; }

# The same with the caller's descriptors beyond the standard ones.
podman_with_descriptors() {
	local words=("$@") at=0 parent=()
	[[ -z $ENGINES_GROUP ]] || parent=(--cgroup-parent "/$ENGINES_GROUP")
	case $1:${2-} in
	run:* | create:*)
		at=1
		# A container of a pod is in the group of the pod.
		[[ " $* " != *" --pod "* ]] || at=0
		;;
	pod:create) at=2 ;;
	esac
	((at == 0)) || words=("${@:1:at}" ${parent[@]+"${parent[@]}"} "${@:at+1}")
	CONTAINERS_CONF_OVERRIDE=${CONF:-$STORE/containers.conf} \
		timeout --foreground -s KILL "${ENGINE_TIMEOUT:-60}" podman --root "$STORE/root" \
		--runroot "$STORE/runroot" --tmpdir "$STORE/tmp" --network-config-dir "$STORE/networks" \
		--storage-driver "${DRIVER:-overlay}" --cgroup-manager cgroupfs --events-backend file \
		--runtime "${RUNTIME:-$HULL}" "${words[@]}"
}

# image_need: "debian" is in the store.
image_need() {
	[[ -s $STORE/image-id ]] ||
		podman import --quiet "$("$ENGINES/../lab/image")" debian >"$STORE/image-id"
}

setup() {
	image_need || return
	C=c$BATS_SUITE_TEST_NUMBER
	export C
	cd "$BATS_TEST_TMPDIR" || return
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR" 2>/dev/null || true
}

# try podman run ...: on a busy machine Podman loses what a container prints before its monitor has
# let it attach. The monitor's log has it all, and what was lost is taken from there.
eval "suite_$(declare -f try)"
try() {
	local log=$PWD/monitor.log
	if [[ ${1-} != *podman* || ${2-} != run || " $* " == *" --"@(detach|log-driver)" "* ]]; then
		suite_try "$@"
		return
	fi
	rm -f "$log"
	suite_try "$1" run --log-opt "path=$log" "${@:3}"
	attached_or_logged "$log"
}
attached_or_logged() {
	[[ -s $1 ]] || return 0
	output=$(logged stdout <"$1")
	[[ $stderr == *"$(logged stderr <"$1")"* ]] || stderr=$(logged stderr <"$1")
}
# Lines are "TIME STREAM F TEXT"; those marked P go on in the next.
logged() {
	awk -v stream="$1" '$2 == stream { printf "%s%s", substr($0, length($1 $2 $3) + 4), $3 == "F" ? "\n" : "" }'
}

# run_script [OPTION...] TEXT: TEXT runs in a container of its own; $status, $output, $stderr.
run_script() {
	try podman run --rm "${@:1:$#-1}" debian sh -c "${!#}"
}

# run_sleeper [OPTION...]: $C runs in the background and ends on SIGTERM, with code 0.
run_sleeper() {
	podman run --detach --name "$C" --pidfile "$PWD/pid" "$@" debian \
		sh -c 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done' >/dev/null || return
	wait_until catches_term "$(<"$PWD/pid")"
}

# inspect FORMAT [CONTAINER]
inspect() { podman inspect --format "{{$1}}" "${2:-$C}"; }
status_of() { inspect .State.Status "$@"; }
# Between its end and Podman's clean-up, which nobody waits for, a container is "stopped".
assert_exited() {
	wait_until has_status exited
	assert_eq "$(inspect .State.ExitCode)" "$1"
}
pid_of() { inspect .State.Pid "$@"; }
in_logs() { podman logs "${2:-$C}" 2>&1 | grep -qF -- "$1"; }
# same_namespace TYPE PID PID
same_namespace() { [[ $(readlink "/proc/$2/ns/$1") == "$(readlink "/proc/$3/ns/$1")" ]]; }

# ---- leaks -----------------------------------------------------------------------------------

store_leaks() {
	local dir pid
	dir=/run/${HULL##*/}
	[[ ! -d $dir ]] || find "$dir" -mindepth 1 -maxdepth 1 ! -name '@*' -printf 'state: %p\n'
	for dir in /sys/fs/cgroup/"$ENGINES_GROUP" /sys/fs/cgroup/*/"$ENGINES_GROUP"; do
		# Podman keeps its monitors' group, and on v1 those of its pods in hierarchies without controllers.
		[[ ! -d $dir ]] || find "$dir" -type d -name 'libpod-*' -printf 'cgroup: %p\n'
	done
	# The store itself is a mount of its own.
	awk -v at="$STORE/" 'index($5, at) == 1 && $5 !~ "/root/(overlay|vfs)$" { print "mount: " $5 }' \
		/proc/self/mountinfo
	find /run/netns -mindepth 1 -printf 'network namespace: %p\n' 2>/dev/null
	for pid in $(pgrep -f "$STORE"); do
		is_gone "$pid" || echo "process: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c-200)"
	done 2>/dev/null
}

# Podman cleans up in processes that it starts and does not wait for: they get a moment.
assert_nothing_left() {
	local found n
	for ((n = 0; n < 200; n++)); do
		found=$(store_leaks)
		[[ -n $found ]] || return 0
		nap 0.05
	done
	fail "left behind:" "$found"
}

containers_remove() {
	[[ -n $(podman ps --all --external --quiet)$(podman pod ps --quiet) ]] || return 0
	podman pod rm --force --all --time 0 >/dev/null &&
		podman rm --force --all --time 0 >/dev/null
}

# What other engines on the same store leave.
engine_teardown() { :; }

teardown() {
	local code=0 target
	engine_teardown || code=$?
	cd /
	containers_remove || code=$?
	for ((target = ${#HOST_MOUNTS[@]} - 1; target >= 0; target--)); do
		umount -R "${HOST_MOUNTS[target]}" || true
	done
	for target in ${CLEANUPS[@]+"${CLEANUPS[@]}"}; do
		eval "$target" || true
	done
	assert_nothing_left || {
		code=1
		force_clean_store
	}
	return "$code"
}

# Takes away by force what is left, so that one failure is one failure.
force_clean_store() {
	local dir target
	for dir in /sys/fs/cgroup/"$ENGINES_GROUP" /sys/fs/cgroup/*/"$ENGINES_GROUP"; do
		[[ -d $dir ]] || continue
		find "$dir" -name freezer.state -exec sh -c 'echo THAWED >"$1"' sh {} \;
		find "$dir" -mindepth 2 -name cgroup.freeze -exec sh -c 'echo 0 >"$1"' sh {} \;
		# Zero stands for a process outside this PID namespace, and means the caller's group to kill.
		find "$dir" -name cgroup.procs -exec cat {} + | grep -vx 0 | xargs -r kill -KILL || true
		nap 0.1
		find "$dir" -depth -mindepth 1 -type d -exec rmdir {} + || true
	done 2>/dev/null
	pgrep -f "$STORE" | xargs -r kill -KILL || true
	while read -r _ _ _ _ target _; do
		[[ $target != "$STORE/"* || $target == "$STORE"/root/* ]] || umount -l "$target" || true
	done < <(tac /proc/self/mountinfo)
	find "/run/${HULL##*/}" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
	podman rm --force --all >/dev/null 2>&1 || true
}
