#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# shellcheck disable=SC2030,SC2031,SC2154 # try sets its variables
# linux.seccomp: filters, and the agent that answers from outside.

load setup

# ---- filters ---------------------------------------------------------------------------------------

# seccomp EXPRESSION: the section, with everything allowed unless it says otherwise.
seccomp() { config ".linux.seccomp = ({defaultAction: \"SCMP_ACT_ALLOW\"} + $1)"; }

@test "seccomp: no section, no filter; a section, a filter" {
	run_script 'grep ^Seccomp: /proc/self/status'
	assert_output $'Seccomp:\t0'
	seccomp '{}'
	run_script 'grep ^Seccomp: /proc/self/status'
	assert_ok
	$PEER || assert_output $'Seccomp:\t2'
	seccomp '{syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'
	run_script 'grep ^Seccomp: /proc/self/status'
	assert_output $'Seccomp:\t2'
}

@test "seccomp: ERRNO is EPERM, errnoRet another error" {
	seccomp '{syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	run_script 'mkdir /tmp/x; touch /tmp/y && echo touched'
	assert_output touched
	[[ $stderr == *"Operation not permitted"* ]]
	seccomp '{syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 28}]}'
	run_script 'mkdir /tmp/x'
	[[ $stderr == *"No space left"* ]]
	[[ ! -e $ROOTFS/tmp/x ]]
}

@test "seccomp: KILL_PROCESS, KILL_THREAD, KILL and TRAP end in SIGSYS" {
	local action
	for action in SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_KILL SCMP_ACT_TRAP; do
		seccomp "{syscalls: [{names: [\"mkdir\", \"mkdirat\"], action: \"$action\"}]}"
		run_script 'mkdir /tmp/x; echo "code $?"'
		assert_ok
		assert_has "code 159"
		[[ ! -e $ROOTFS/tmp/x ]]
		payload mkdir /tmp/x
		try hull run "$ID"
		if [[ $action != SCMP_ACT_TRAP ]]; then assert_status 159; fi
	done
}

@test "seccomp: LOG lets the call happen" {
	seccomp '{syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_LOG"}]}'
	run_script 'mkdir /tmp/x && echo made'
	assert_ok
	assert_output made
}

@test "seccomp: a default of LOG, and of ERRNO with a list of what is allowed" {
	seccomp '{defaultAction: "SCMP_ACT_LOG"}'
	run_script 'echo ran'
	assert_output ran
	seccomp '{defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38, syscalls: [{action: "SCMP_ACT_ALLOW",
		names: ["access", "arch_prctl", "brk", "capget", "capset", "chdir", "clone", "clone3", "close",
			"close_range", "dup", "dup2", "dup3", "execve", "execveat", "exit", "exit_group",
			"faccessat", "faccessat2", "fchdir", "fcntl", "fstat", "fstatfs", "futex", "getcwd",
			"getdents64", "getegid", "geteuid", "getgid", "getpgid", "getpid", "getppid",
			"getrandom", "gettid", "getuid", "ioctl", "lseek", "lstat", "mmap", "mprotect", "munmap",
			"nanosleep", "newfstatat", "open", "openat", "openat2", "pipe", "pipe2", "poll",
			"prctl", "pread64", "prlimit64", "read", "readlink", "readlinkat", "rseq",
			"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_getaffinity", "sendfile",
			"set_robust_list", "set_tid_address", "setgid", "setgroups", "setresgid", "setresuid",
			"setuid", "sigaltstack", "stat", "statx", "tgkill", "uname", "vfork", "fork",
			"wait4", "waitid", "write", "writev", "epoll_create1", "epoll_ctl", "epoll_pwait",
			"eventfd2", "madvise", "sched_yield", "seccomp", "kill", "setpgid", "setsid", "statfs"]}]}'
	run_script 'echo allowed; mkdir /tmp/x'
	assert_has allowed
	[[ $stderr == *"Function not implemented"* ]]
}

@test "seccomp: conditions on arguments" {
	# chmod to a mode of exactly 0777, or anything with the set-user-id bit.
	seccomp '{syscalls: [
		{names: ["chmod"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 511, op: "SCMP_CMP_EQ"}]},
		{names: ["chmod"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 2048, valueTwo: 2048, op: "SCMP_CMP_MASKED_EQ"}]},
		{names: ["fchmodat"], action: "SCMP_ACT_ERRNO", args: [{index: 2, value: 511, op: "SCMP_CMP_EQ"}]},
		{names: ["fchmodat"], action: "SCMP_ACT_ERRNO", args: [{index: 2, value: 2048, valueTwo: 2048, op: "SCMP_CMP_MASKED_EQ"}]}]}'
	run_script 'touch /tmp/f; for m in 777 755 4755 644; do chmod $m /tmp/f 2>/dev/null && echo $m; done'
	assert_output $'755\n644'
}

@test "seccomp: each comparison" {
	local case op value expected
	# shellcheck disable=SC2043
	for case in NE:8:8 LT:8:'8 9' LE:8:9 EQ:8:'7 9' GE:8:7 GT:8:'7 8'; do
		IFS=: read -r op value expected <<<"$case"
		# Refused: kill with a signal that compares so. 7, 8, 9 are BUS, FPE, KILL.
		seccomp "{syscalls: [{names: [\"kill\"], action: \"SCMP_ACT_ERRNO\",
			args: [{index: 1, value: $value, op: \"SCMP_CMP_$op\"}]}]}"
		run_script 'for s in 7 8 9; do sleep 1000 & kill -$s $! 2>/dev/null && echo $s; done'
		assert_eq "$(xargs <<<"$output")" "$expected"
	done
}

@test "seccomp: several conditions of one rule all have to hold" {
	seccomp '{syscalls: [{names: ["kill"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: 1, op: "SCMP_CMP_EQ"}, {index: 1, value: 10, op: "SCMP_CMP_EQ"}]}]}'
	run_script 'trap : USR1 USR2; kill -USR1 1 || echo refused; kill -USR2 1 && echo allowed; sleep 1000 & kill -USR1 $! && echo allowed'
	assert_output $'refused\nallowed\nallowed'
}

@test "seccomp: several conditions on one argument: any of them" {
	seccomp '{syscalls: [{names: ["kill"], action: "SCMP_ACT_ERRNO",
		args: [{index: 1, value: 7, op: "SCMP_CMP_EQ"}, {index: 1, value: 9, op: "SCMP_CMP_EQ"}]}]}'
	run_script 'for s in 7 8 9; do sleep 1000 & kill -$s $! 2>/dev/null && echo $s; done; true'
	assert_output 8
}

@test "seccomp: names that this machine does not have are passed over" {
	seccomp '{syscalls: [{names: ["no_such_call", "mkdir", "mkdirat", "s390_pci_mmio_read"], action: "SCMP_ACT_ERRNO"}]}'
	run_script 'mkdir /tmp/x; echo ran'
	assert_ok
	assert_output ran
	[[ ! -e $ROOTFS/tmp/x ]]
}

@test "seccomp: architectures" {
	[[ $(uname -m) == x86_64 ]] || skip "the names here are of x86"
	seccomp '{architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	run_script 'mkdir /tmp/x; echo ran'
	assert_ok
	assert_output ran
	[[ ! -e $ROOTFS/tmp/x ]]
	seccomp '{architectures: ["SCMP_ARCH_NO_SUCH"]}'
	try hull run "$ID"
	assert_error SCMP_ARCH_NO_SUCH
	assert_nothing_left
}

@test "seccomp: unknown actions, operators, flags are refused by name" {
	local expression
	for expression in '{defaultAction: "SCMP_ACT_NO_SUCH"}' \
		'{syscalls: [{names: ["mkdir"], action: "SCMP_ACT_NO_SUCH"}]}' \
		'{syscalls: [{names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{index: 1, value: 1, op: "SCMP_CMP_NO_SUCH"}]}]}' \
		'{flags: ["SECCOMP_FILTER_FLAG_NO_SUCH"], syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO"}]}'; do
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		payload true
		seccomp "$expression"
		try hull run "$ID"
		assert_error NO_SUCH
		assert_nothing_left
	done
}

@test "seccomp: flags" {
	seccomp '{flags: ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	run_script 'mkdir /tmp/x; grep Speculation_Store_Bypass /proc/self/status'
	assert_ok
	[[ ! -e $ROOTFS/tmp/x ]]
}

@test "seccomp: without no-new-privileges too, and for a user" {
	seccomp '{syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	config '.process.noNewPrivileges = false | .process.user = {uid: 1000, gid: 1000}'
	run_script 'mkdir /tmp/x; grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status'
	assert_output $'NoNewPrivs:\t0\nSeccomp:\t2'
	[[ ! -e $ROOTFS/tmp/x ]]
}

@test "seccomp: the same filter twice (a cached one) holds as well" {
	seccomp '{syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	local round
	for round in 1 2 3; do
		run_script "mkdir /tmp/$round; grep ^Seccomp: /proc/self/status"
		assert_output $'Seccomp:\t2'
		[[ ! -e $ROOTFS/tmp/$round ]]
	done
	# A change of one number is another filter.
	seccomp '{syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 5}]}'
	run_script 'mkdir /tmp/x'
	[[ $stderr == *"I/O error"* || $stderr == *"Input/output error"* ]]
}

# ---- SCMP_ACT_NOTIFY -------------------------------------------------------------------------------

NOTIFY_MKDIR='{listenerPath: $path, listenerMetadata: "for \"you\"",
	syscalls: [{names: ["mkdir", "mkdirat", "getcwd"], action: "SCMP_ACT_NOTIFY"}]}'

# notify [EXPRESSION]: the section, with the agent's socket as $path.
notify() {
	local section=${1:-$NOTIFY_MKDIR}
	config --arg path "$BATS_TEST_TMPDIR/agent.sock" \
		".linux.seccomp = ({defaultAction: \"SCMP_ACT_ALLOW\"} + $section)"
}

# agent_start [OPTION]: it ends with the test, or when descriptor $AGENT is closed.
agent_start() {
	AGENT_LOG=$BATS_TEST_TMPDIR/agent.log
	exec {AGENT}> >("$PYTHON" "$BATS_TEST_DIRNAME/seccomp_agent.py" "$BATS_TEST_TMPDIR/agent.sock" \
		"$AGENT_LOG" "$@" >"$BATS_TEST_TMPDIR/agent.err" 2>&1 3>&- 4>&-)
	wait_until test -S "$BATS_TEST_TMPDIR/agent.sock"
}

@test "notify: the agent answers mkdir and getcwd, and is told who asks" {
	agent_start
	notify
	config '.annotations = {"org.example.key": "value"}'
	run_script 'mkdir /tmp/asked && echo made; test -e /tmp/asked || echo nothing there; /bin/pwd'
	assert_ok
	assert_output $'made\nnothing there\n/from/outside'
	has_text 'answered /tmp/asked' "$AGENT_LOG"
	head -n 1 "$AGENT_LOG" >state.json
	jq -e --arg id "$ID" --arg bundle "$BUNDLE" '.fds == ["seccompFd"] and .metadata == "for \"you\""
		and (.ociVersion | startswith("1.")) and .pid > 1 and .state.pid == .pid
		and .state.id == $id and .state.status == "creating" and .state.bundle == $bundle
		and .state.annotations == {"org.example.key": "value"}' state.json || fail "$(<state.json)"
	[[ $(jq -r 'keys | join(" ")' state.json) == "fds metadata ociVersion pid state" ]]
}

@test "notify: with a limit of one process, and of three with a startContainer hook" {
	need_controller pids
	agent_start
	notify
	config '.linux.resources.pids.limit = 1'
	payload mkdir /tmp/asked
	try hull run "$ID"
	assert_ok
	has_text 'answered /tmp/asked' "$AGENT_LOG"
	config '.linux.seccomp.syscalls[0].names += ["sendmsg"]'
	try hull run "$ID"
	assert_error linux.seccomp pids.limit
	config '.linux.seccomp.syscalls[0].names -= ["sendmsg"] | .linux.resources.pids.limit = 3 | .hooks.startContainer = [{path: "/bin/true"}]'
	try hull run "$ID"
	assert_ok
}

@test "notify: create hands the listener over before it ends, and the pid is that of the state" {
	agent_start
	notify
	script 'mkdir /tmp/asked && echo made'
	create_container
	[[ $(head -n 1 "$AGENT_LOG" | jq .pid) == "$(pid_of)" ]]
	hull start "$ID"
	wait_until has_text made "$OUT"
	has_text 'answered /tmp/asked' "$AGENT_LOG"
}

@test "notify: exec has a filter and a listener of its own" {
	agent_start
	notify
	run_sleeper
	try hull exec "$ID" mkdir /tmp/by-exec
	assert_ok
	[[ ! -e $ROOTFS/tmp/by-exec ]]
	has_text 'answered /tmp/by-exec' "$AGENT_LOG"
	grep '^{' "$AGENT_LOG" >states.json
	[[ $(jq -s length states.json) == 2 ]]
	jq -se --argjson pid "$(pid_of)" '.[1] | .state.status == "running" and .state.pid == $pid
		and .pid != $pid' states.json || fail "$(<states.json)"
}

@test "notify: with every action of the default sent, and with no-new-privileges off" {
	agent_start
	notify '{listenerPath: $path, defaultAction: "SCMP_ACT_NOTIFY"}'
	payload true
	try hull run "$ID"
	assert_ok
	config '.process.noNewPrivileges = false'
	try hull run "$ID"
	assert_ok
	# create waits for start under the filter: its own calls are answered too.
	create_container
	hull start "$ID"
	wait_status stopped
	hull delete "$ID"
	# The program's first call, its execve, was seen.
	[[ $(uname -m) != x86_64 ]] || has_text 'passed 59' "$AGENT_LOG"
}

@test "notify: write, and the calls that hull itself makes" {
	agent_start
	notify '{listenerPath: $path, syscalls: [{action: "SCMP_ACT_NOTIFY",
		names: ["write", "sendmsg", "recvmsg", "close", "close_range", "execve", "openat"]}]}'
	run_script 'echo written'
	assert_ok
	assert_output written
	run_sleeper
	try hull exec "$ID" echo written
	assert_ok
	assert_output written
}

@test "notify: a filter that refuses what hull itself would need to hand the listener over" {
	agent_start
	notify '{listenerPath: $path, syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"},
		{names: ["sendmsg", "recvmsg", "socket", "futex", "clone", "nanosleep"], action: "SCMP_ACT_ERRNO"}]}'
	payload mkdir /tmp/asked
	try hull run "$ID"
	assert_ok
	[[ ! -e $ROOTFS/tmp/asked ]]
}

@test "notify: the same filter from the cache still has its listener" {
	agent_start
	notify
	payload mkdir /tmp/asked
	local n
	for n in 1 2 3; do
		try hull run "$ID"
		assert_ok
		[[ ! -e $ROOTFS/tmp/asked ]]
		[[ $(grep -c '^answered' "$AGENT_LOG") == "$n" ]]
	done
}

@test "notify: flags that only a listener can have" {
	agent_start
	notify "$NOTIFY_MKDIR + {flags: [\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\", \"SECCOMP_FILTER_FLAG_TSYNC\"]}"
	payload mkdir /tmp/asked
	try hull run "$ID"
	assert_ok
	[[ ! -e $ROOTFS/tmp/asked ]]
	# Without one they have no effect.
	config '.linux.seccomp.syscalls = [] | del(.linux.seccomp.listenerPath, .linux.seccomp.listenerMetadata)'
	try hull run "$ID"
	assert_ok
	[[ -d $ROOTFS/tmp/asked ]]
}

@test "notify: an agent that has died is ENOSYS inside" {
	agent_start --leave
	notify
	run_script 'mkdir /tmp/asked; echo "code $?"'
	assert_ok
	assert_output "code 1"
	[[ $stderr == *"Function not implemented"* ]]
}

@test "notify: no agent is one line, and nothing is left" {
	notify
	payload mkdir /tmp/asked
	try hull run "$ID"
	assert_error linux.seccomp.listenerPath "failed to connect with seccomp agent" \
		"$BATS_TEST_TMPDIR/agent.sock"
	[[ ! -e $ROOTFS/tmp/asked ]]
	assert_nothing_left
	try hull create "$ID"
	assert_error linux.seccomp.listenerPath
	assert_nothing_left
	# A path that is not used is ignored, as the specification says.
	config '.linux.seccomp.syscalls = []'
	try hull run "$ID"
	assert_ok
}

@test "notify: exec without an agent fails, and the container goes on" {
	agent_start
	notify
	run_sleeper
	exec {AGENT}>&-
	wait_until is_refused "$BATS_TEST_TMPDIR/agent.sock"
	try hull exec "$ID" true
	assert_error --code 255 linux.seccomp.listenerPath
	[[ $(status_of) == running ]]
}
is_refused() { ! "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$1" 2>/dev/null; }

@test "notify: needs a listenerPath" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_NOTIFY"}'
	try hull run "$ID"
	assert_error linux.seccomp.listenerPath
}

@test "notify: an annotation names the agent, too" {
	agent_start
	config --arg path "$BATS_TEST_TMPDIR/agent.sock" '.annotations = {"run.oci.seccomp.receiver": $path}
		| .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}'
	payload mkdir /tmp/asked
	try hull run "$ID"
	assert_ok
	has_text 'answered /tmp/asked' "$AGENT_LOG"
}
