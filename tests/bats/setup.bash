# shellcheck shell=bash
# shellcheck disable=SC2016 # $names in single quotes are jq's or the container's shell's
# shellcheck disable=SC2119,SC2120 # arguments that only some give
# Loaded by every file of this suite: makes the bundle that a test starts from, runs hull on it,
# and after each test proves that nothing of it is left on the machine.
#
#   bats tests/bats                        the whole suite on build/hull
#   HULL=/usr/sbin/runc bats tests/bats    the same questions to another runtime (its messages
#                                          are then not held to hull's form)
#   HULL_ISOLATION=microvm bats FILE       the same questions to containers in a microVM
#                                          (tests/bats/microvm.skip: which do not apply, and why)
#
# Each test has a container id ($ID), a bundle ($BUNDLE, also the working directory, its root file
# system in $ROOTFS) and a state directory ($STATE) of its own. The id is in the name of every
# cgroup, the temporary directory in the path of every mount, and $MARK in the environment of every
# process that hull starts: that is how leaks are found.

bats_require_minimum_version 1.5.0

HULL=$(realpath -e "${HULL:-$BATS_TEST_DIRNAME/../../build/hull}") || {
	echo "no hull: build it, or name it in HULL" >&2
	exit 1
}
# A guest's kernel needs half a minute where the processor of the lab is emulated.
if [[ ${HULL_ISOLATION-} == microvm && ${HULL##*/} == hull ]]; then
	HULL=${HULL%/*}/hull-vm HULL_TIMEOUT=${HULL_TIMEOUT:-240}
	ln -sfn hull "$HULL"
fi
PYTHON=/usr/bin/python3
[[ -x $PYTHON ]] || PYTHON=$(command -v python3)
export HULL PYTHON
# Another runtime than hull: the form of its messages is its own.
PEER=$([[ ${HULL##*/} == hull* ]] && echo false || echo true)
# No single call of hull may take longer; a call that does is killed and fails its test.
HULL_TIMEOUT=${HULL_TIMEOUT:-60}

case $(stat -f -c %T /sys/fs/cgroup) in
cgroup2fs) CGROUP_MODE=v2 CGROUP2=/sys/fs/cgroup ;;
*)
	CGROUP_MODE=v1 CGROUP2=
	if [[ -e /sys/fs/cgroup/unified/cgroup.procs ]]; then
		CGROUP_MODE=hybrid CGROUP2=/sys/fs/cgroup/unified
	fi
	;;
esac
export CGROUP_MODE CGROUP2

# ---- the bundle ------------------------------------------------------------------------------

# The root file system and the configuration that all tests copy; made once per run of the suite.
base_make() {
	local base=$BATS_RUN_TMPDIR/base
	[[ ! -e $base/ready ]] || return 0
	# A container in a user namespace has to reach its root file system.
	chmod a+x "$BATS_RUN_TMPDIR"
	mkdir -p "$base/rootfs"
	cd "$base/rootfs" || return
	mkdir -p bin dev etc home/user proc root run sys tmp usr/bin var
	chmod 1777 tmp
	cp "$(command -v busybox)" bin/busybox
	chroot . /bin/busybox --install -s /bin
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'user:x:1000:1000:user:/home/user:/bin/sh' >etc/passwd
	printf '%s\n' 'root:x:0:' 'tty:x:5:' 'user:x:1000:' 'extra:x:2000:user' >etc/group
	cd "$base" || return
	"$HULL" spec
	jq '.process.terminal = false | .root.readonly = false' config.json >config.new
	mv config.new config.json
	# What the tests get a copy of, without the files that they write to.
	mkdir "$base/bundle"
	cp -al rootfs "$base/bundle/rootfs"
	rm "$base"/bundle/rootfs/etc/{passwd,group}
	touch "$base/ready"
}

setup() {
	local run=${BATS_RUN_TMPDIR##*/}
	# First of all the marks: teardown looks for them whatever happens here. The letter at the end
	# keeps those of test 1 and test 12 apart.
	ID=hull-${run##*[^A-Za-z0-9]}-${BATS_SUITE_TEST_NUMBER}t
	# shellcheck disable=SC2034 # for the tests that call hull themselves; never exported
	MARK=HULL_BATS=$ID
	STATE=$BATS_TEST_TMPDIR/state
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	ROOTFS=$BUNDLE/rootfs
	# What containers print when no caller waits for them.
	OUT=$BATS_TEST_TMPDIR/container.out
	export ID STATE BUNDLE ROOTFS OUT
	[[ -e $BATS_RUN_TMPDIR/base/ready ]] || (
		flock 9
		base_make
	) 9>"$BATS_RUN_TMPDIR/base.lock"
	chmod a+x "$BATS_RUN_TMPDIR"/test "$BATS_TEST_TMPDIR"
	bundle_make "$BUNDLE"
	cd "$BUNDLE" || return
	[[ -z ${HULL_ISOLATION-} ]] || skip_inapplicable
}

# What containers in a microVM cannot be asked: lines of "TEST => REASON".
skip_inapplicable() {
	local name reason
	while IFS= read -r name; do
		reason=${name##* => }
		[[ ${name% => *} != "$BATS_TEST_DESCRIPTION" ]] || skip "$reason"
	done <"$BATS_TEST_DIRNAME/$HULL_ISOLATION.skip"
}

# bundle_make DIR: a fresh bundle. The programs are hard links to one, the rest is the test's own.
# As here, much that is done for every test is done without a process: those cost most of the time,
# above all in the emulated lab.
bundle_make() {
	local base=$BATS_RUN_TMPDIR/base file
	cp -al "$base/bundle" "$1"
	for file in config.json rootfs/etc/passwd rootfs/etc/group; do
		slurp "$base/$file"
		printf '%s' "$CONTENT" >"$1/$file"
	done
}

# slurp FILE: $CONTENT is what is in it.
slurp() {
	CONTENT=
	IFS= read -rd '' CONTENT <"$1" || [[ -n $CONTENT ]]
} 2>/dev/null

# config [JQ OPTION...] EXPRESSION: edits config.json of the working directory.
config() {
	jq "$@" config.json >config.new
	mv config.new config.json
}

# payload ARG...: what the container executes. Half of all changes, so it is done without jq, which
# takes longer to start than a container: awk replaces the lines as jq has written them.
payload() {
	local arg list=''
	for arg; do
		arg=${arg//\\/\\\\}
		arg=${arg//\"/\\\"}
		arg=${arg//$'\n'/\\n}
		list+="\"${arg//$'\t'/\\t}\","
	done
	LIST=${list%,} awk '
		$0 == "    \"args\": [" { print; print ENVIRON["LIST"]; skip = found = 1 }
		skip && /^    \]/ { skip = 0 }
		!skip
		END { exit !found }' config.json >config.new ||
		jq --argjson list "[${list%,}]" '.process.args = $list' config.json >config.new
	mv config.new config.json
}

# script TEXT: the container executes a shell script.
script() { payload sh -c "$1"; }

# without_namespace TYPE: the container shares this namespace with the host.
without_namespace() {
	config --arg type "$1" 'del(.linux.namespaces[] | select(.type == $type))'
}

# with_namespace TYPE [PATH]: a new namespace, or the one at PATH.
with_namespace() {
	config --arg type "$1" --arg path "${2-}" 'del(.linux.namespaces[] | select(.type == $type))
		| .linux.namespaces += [{type: $type} + (if $path == "" then {} else {path: $path} end)]'
}

# user_namespace: root inside is 100000 outside, and owns the directories of the root file system.
user_namespace() {
	chown 100000:100000 "$ROOTFS" "$ROOTFS"/*
	with_namespace user
	config '.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}]
		| .linux.gidMappings = [{containerID: 0, hostID: 100000, size: 65536}]'
}

# mount_add DESTINATION TYPE SOURCE [OPTION...]: one more mount in config.json.
mount_add() {
	local destination=$1 type=$2 source=$3
	shift 3
	config --arg d "$destination" --arg t "$type" --arg s "$source" --arg o "$*" \
		'.mounts += [{destination: $d, type: $t, source: $s, options: ($o | split(" "))}]'
}

# ---- running hull ----------------------------------------------------------------------------

hull() {
	HULL_BATS=$ID timeout --foreground -s KILL "$HULL_TIMEOUT" "$HULL" --root "$STATE" "$@" 3>&- 4>&-
}

# try COMMAND...: $status, $output and $stderr of COMMAND, whose input is ${INPUT:-/dev/null}.
# Files and not pipes, so that a container that outlives its hull cannot hold the test up.
status=0 output='' stderr=''
try() {
	status=0
	"$@" >"$BATS_TEST_TMPDIR/stdout" 2>"$BATS_TEST_TMPDIR/stderr" <"${INPUT:-/dev/null}" || status=$?
	{
		output=$(<"$BATS_TEST_TMPDIR/stdout")
		stderr=$(<"$BATS_TEST_TMPDIR/stderr")
	} 2>/dev/null
}

# run_script TEXT: TEXT runs in a container of its own; $status, $output, $stderr.
run_script() {
	script "$1"
	try hull run "$ID"
}

# create_container [OPTION...], run_detached [OPTION...]: $ID, printing into $OUT.
create_container() { detached create "$@" "$ID"; }
run_detached() { detached run --detach "$@" "$ID"; }

detached() {
	local errors=$BATS_TEST_TMPDIR/detached.err
	hull "$@" >>"$OUT" 2>"$errors" </dev/null || {
		local code=$?
		cat "$errors"
		return "$code"
	}
}

# run_sleeper: $ID runs and does nothing until it is told to end with SIGTERM.
run_sleeper() {
	script 'trap "exit 0" TERM; while :; do sleep 1000 & wait $!; done'
	run_detached "$@"
	# Before it has its trap, the kernel keeps the signal from it: it is the init of its namespace.
	wait_until catches_term "$(pid_of)"
}
# catches NUMBER PID: the process has a handler for that signal.
catches() {
	local name value
	while read -r name value; do
		[[ $name == SigCgt: ]] || continue
		((16#$value >> ($1 - 1) & 1))
		return
	done <"/proc/$2/status"
	return 1
}
# catches_term PID [ID]: in a microVM only the guest knows.
catches_term() {
	if [[ -z ${HULL_ISOLATION-} ]]; then
		catches 15 "$1"
	else
		hull exec "${2:-$ID}" grep -q '^SigCgt:.*[4-7c-f]...$' /proc/1/status
	fi
}

status_of() { state_member '"status": *"([a-z]+)"' "${1:-$ID}"; }
pid_of() { state_member '"pid": *([0-9]+)' "${1:-$ID}"; }
state_member() {
	local state
	state=$(hull state "$2") || return
	[[ $state =~ $1 ]] && printf '%s\n' "${BASH_REMATCH[1]}"
}

# tool NAME: a program of the tests, built by `make tools`.
tool() {
	local folder
	for folder in "${HULL%/*}/tests" "${HULL%/*/*}/tests" "$BATS_TEST_DIRNAME/../../build/tests"; do
		if [[ -x $folder/$1 ]]; then
			printf '%s\n' "$folder/$1"
			return
		fi
	done
	fail "$1 is not built: make tools"
}

# nap SECONDS: sleeps without a process.
nap() {
	[[ -n ${NAP_FD-} ]] || exec {NAP_FD}<> <(:)
	read -rt "$1" -u "$NAP_FD" || true
}

# wait_until COMMAND...: polls; a minute or so is enough for the busiest machine.
wait_until() {
	local n
	for ((n = 0; n < 700; n++)); do
		"$@" && return
		nap ".0$((n < 100 ? 2 : 9))"
	done
	fail "never came true: $*"
}

wait_status() { wait_until has_status "$@"; }
has_status() { [[ $(status_of "${2:-$ID}") == "$1" ]]; }
has_text() { grep -qF -- "$1" "$2" 2>/dev/null; }
is_gone() {
	local CONTENT
	[[ -e /proc/$1 ]] && slurp "/proc/$1/status" || return 0
	[[ $CONTENT == *$'\nState:\t'[ZX]* ]]
}

# ---- cgroups, from outside ---------------------------------------------------------------------

# cgroup_dir PID CONTROLLER: the directory of PID's group.
cgroup_dir() {
	local hierarchy controllers path unified=
	while IFS=: read -r hierarchy controllers path; do
		if [[ ,$controllers, == *,"$2",* ]]; then
			printf '%s\n' "/sys/fs/cgroup/$2${path%/}"
			return
		fi
		[[ $hierarchy != 0 ]] || unified=$path
	done <"/proc/$1/cgroup"
	printf '%s\n' "$CGROUP2${unified%/}"
}

# controller_version CONTROLLER: 1, 2, or nothing where this machine has no such controller.
controller_version() {
	local controllers CONTENT
	while IFS=: read -r _ controllers _; do
		[[ ,$controllers, != *,"$1",* ]] || {
			echo 1
			return
		}
	done </proc/self/cgroup
	[[ -n $CGROUP2 ]] || return 0
	slurp "$CGROUP2/cgroup.controllers"
	[[ " ${CONTENT%$'\n'} " != *" $1 "* ]] || echo 2
}

# limit PID CONTROLLER V1FILE V2FILE: the value that the kernel holds for PID's group.
limit() {
	local file=$3 CONTENT
	[[ $(controller_version "$2") == 1 ]] || file=$4
	file=$(cgroup_dir "$1" "$2")/$file
	slurp "$file" || {
		cat "$file"
		return
	}
	printf '%s' "$CONTENT"
}

need_controller() {
	[[ -n $(controller_version "$1") ]] || skip "this kernel has no $1 controller"
}

# ---- leaks -------------------------------------------------------------------------------------

# is_mark TEXT: looking for leaks (and killing them) by anything else would hit all the machine.
is_mark() { [[ $1 =~ ^hull-[A-Za-z0-9]+-[0-9]+t ]] || fail "no mark of a test: '$1'"; }

# processes_of ID: processes that carry the mark of this test, or are in a cgroup named by it.
processes_of() {
	local pid found
	is_mark "$1" || return
	found=$(
		grep -lsF "$1" /proc/[0-9]*/cgroup
		grep -lsF "HULL_BATS=$1" /proc/[0-9]*/environ
	) || true
	[[ -n $found ]] || return 0
	cut -d/ -f3 <<<"$found" | sort -un | while read -r pid; do
		is_gone "$pid" || echo "$pid"
	done
}

leaks_of() {
	local pid
	is_mark "$1" || return
	[[ ! -d $STATE ]] || find "$STATE" -mindepth 1 -path "*$1*" -printf 'state: %p\n'
	find /sys/fs/cgroup -type d -name "*$1*" -printf 'cgroup: %p\n' 2>/dev/null
	slurp /proc/self/mountinfo
	[[ $CONTENT != *"$BATS_TEST_TMPDIR/"* ]] ||
		grep -F "$BATS_TEST_TMPDIR/" /proc/self/mountinfo | sed 's/^/mount: /'
	for pid in $(processes_of "$1"); do
		echo "process: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline")" || true
	done 2>/dev/null
}

# assert_nothing_left [ID]: no directory, cgroup, mount or process. Processes get a moment to be
# reaped; the rest has to be gone at once.
# shellcheck disable=SC2120 # the argument is optional
assert_nothing_left() {
	local found n CONTENT
	is_mark "${1:-${ID-}}" || return
	for ((n = 0; n < 300; n++)); do
		found=$(leaks_of "${1:-$ID}")
		[[ -n $found ]] || return 0
		grep -qv '^process: ' <<<"$found" && break
		nap 0.05
	done
	fail "left behind:" "$found"
}

# Takes away by force what hull has left, so that one failure is one failure.
force_clean() {
	local target
	is_mark "$ID" && [[ $BATS_TEST_TMPDIR == /*/* ]] || return
	find /sys/fs/cgroup -path "*$ID*" -name freezer.state 2>/dev/null | while read -r target; do
		echo THAWED >"$target" || true
	done
	find /sys/fs/cgroup -path "*$ID*" -name cgroup.freeze 2>/dev/null | while read -r target; do
		echo 0 >"$target" || true
	done
	processes_of "$ID" | xargs -r kill -KILL 2>/dev/null || true
	while read -r _ _ _ _ target _; do
		[[ $target != "$BATS_TEST_TMPDIR/"* ]] || umount -l "$target" || true
	done < <(tac /proc/self/mountinfo)
	nap 0.1
	find /sys/fs/cgroup -depth -type d -name "*$ID*" | while read -r target; do
		find "$target" -depth -type d -exec rmdir {} + || true
	done
}

# host_mount ARG...: mount(8), undone after the test.
host_mount() {
	mount "$@"
	HOST_MOUNTS+=("${!#}")
}
HOST_MOUNTS=()

# cleanup_later COMMAND: runs after the containers of the test are gone.
cleanup_later() { CLEANUPS+=("$1"); }
CLEANUPS=()

containers_delete() {
	local dir
	# Names with an at-sign are hull's own.
	for dir in "$STATE"/[!@]*/; do
		dir=${dir%/}
		[[ ! -d $dir ]] || hull delete --force "${dir##*/}" || return
	done
}

teardown() {
	local code=0 target
	cd / || return
	is_mark "${ID-}" || return
	# shellcheck disable=SC2046 # the words are process ids
	kill -KILL $(jobs -p) 2>/dev/null || true
	containers_delete || code=$?
	for ((target = ${#HOST_MOUNTS[@]} - 1; target >= 0; target--)); do
		umount -R "${HOST_MOUNTS[target]}" || true
	done
	for target in ${CLEANUPS[@]+"${CLEANUPS[@]}"}; do
		eval "$target" || true
	done
	assert_nothing_left "$ID" || {
		code=1
		force_clean
	}
	return "$code"
}

# ---- assertions ----------------------------------------------------------------------------------

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

report() {
	fail "$1" "exit code: $status" "stdout: $output" "stderr: $stderr"
}

assert_eq() { [[ $1 == "$2" ]] || fail "got:      $1" "expected: $2"; }
# not COMMAND...: bats lets a "!" that fails pass.
not() { ! "$@"; }
assert_ok() { [[ $status -eq 0 ]] || report "failed"; }
assert_status() { [[ $status -eq $1 ]] || report "exit code is not $1"; }
assert_output() { [[ $output == "$1" ]] || report "stdout is not: $1"; }

assert_has() {
	local text
	for text; do [[ $output == *"$text"* ]] || report "stdout lacks: $text"; done
}

assert_lacks() {
	local text
	for text; do [[ $output != *"$text"* ]] || report "stdout has: $text"; done
}

assert_line() {
	local line
	for line; do grep -qxF -- "$line" <<<"$output" || report "stdout lacks the line: $line"; done
}

# assert_error [--code N] TEXT...: hull itself failed, with exit code N (1), and said why in one
# line on stderr that has every TEXT (any case).
assert_error() {
	local code=1 text
	if [[ ${1-} == --code ]]; then
		code=$2
		shift 2
	fi
	[[ $status -eq $code ]] || report "exit code is not $code"
	[[ -n $stderr ]] || report "no message"
	if ! $PEER; then
		[[ $stderr == "hull: "* ]] || report "the message does not begin with 'hull: '"
		[[ $stderr != *$'\n'* ]] || report "the message is not one line"
	fi
	for text; do
		[[ ${stderr,,} == *"${text,,}"* ]] || report "the message lacks: $text"
	done
}
