#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# shellcheck disable=SC1003,SC2030,SC2031,SC2154 # a backslash is meant; try sets its variables
# The process section of config.json: user, capabilities, limits, environment, terminal,
# descriptors.

load setup
load terminal

# ---- arguments, environment, directory -----------------------------------------------------------------

@test "args: arrive as they are" {
	payload printf '[%s]' '' ' ' 'a b' $'new\nline' '$HOME' 'ü' '*' '"' "'" '\'
	try hull run "$ID"
	assert_ok
	assert_output $'[][ ][a b][new\nline][$HOME][ü][*]["][\'][\\]'
}

@test "args: escapes of JSON" {
	config '.process.args = ["printf", "%s", "\u00e4\t\u20ac \ud83d\ude00 \"\\/"]'
	sed -i 's/ä/\\u00e4/; s/€/\\u20AC/; s/😀/\\ud83d\\uDE00/; s,/"$,\\/",' config.json
	try hull run "$ID"
	assert_ok
	assert_output $'ä\t€ 😀 "\\/'
}

@test "args: thousands of them, and one of 100,000 characters" {
	config '.process.args = ["sh", "-c", "echo $# ${#1}", "sh", ([range(100000) | "x"] | join("")), (range(4000) | "\(.)")]'
	try hull run "$ID"
	assert_ok
	assert_output "4001 100000"
}

@test "args: a command that is not there, in the words that engines know" {
	payload no-such-program
	try hull run "$ID"
	assert_error "executable file not found in \$PATH" no-such-program
	assert_nothing_left
	payload /no/such/program
	try hull run "$ID"
	assert_error "no such file or directory" /no/such/program
	assert_nothing_left
	payload ./nothing
	try hull run "$ID"
	assert_error "no such file or directory"
	assert_nothing_left
}

@test "args: create already says that the command is not there" {
	payload no-such-program
	try hull create "$ID"
	assert_error "executable file not found in \$PATH"
	assert_nothing_left
}

@test "args: a command that may not be executed" {
	echo text >"$ROOTFS/tmp/file"
	payload /tmp/file
	try hull run "$ID"
	assert_error "permission denied"
	assert_nothing_left
	payload /tmp
	try hull run "$ID"
	assert_status 1
	[[ $stderr == *"permission denied"* || ${stderr,,} == *"is a directory"* ]] || report "not in these words"
	assert_nothing_left
}

@test "args: why not, in the small letters that Docker's command line looks for" {
	echo text >"$ROOTFS/tmp/file"
	local words
	while IFS=: read -r program words; do
		payload "$program"
		try hull run "$ID"
		assert_error "$program"
		$PEER || [[ $stderr == *"exec: \"$program\": $words" ]] || report "the words are not: $words"
	done <<-'EOF'
		/no/such/program:no such file or directory
		/tmp/file:permission denied
		/tmp:is a directory
		/tmp/file/program:not a directory
	EOF
}

@test "args: a script whose interpreter is missing" {
	printf '#!/no/such/interpreter\n' >"$ROOTFS/tmp/script"
	chmod +x "$ROOTFS/tmp/script"
	payload /tmp/script
	try hull run "$ID"
	assert_error "no such file or directory" /tmp/script
	assert_nothing_left
}

@test "args: a script, with its interpreter inside" {
	printf '#!/bin/sh\necho "$0 $1"\n' >"$ROOTFS/tmp/script"
	chmod +x "$ROOTFS/tmp/script"
	payload /tmp/script argument
	try hull run "$ID"
	assert_ok
	assert_output "/tmp/script argument"
}

@test "env: just what is configured" {
	config '.process.env = ["PATH=/bin", "EMPTY=", "EQ=a=b=c", "SP=two words", "LAST=1"]'
	payload env
	SECRET=leaked try hull run "$ID"
	assert_ok
	assert_line PATH=/bin EMPTY= EQ=a=b=c 'SP=two words' LAST=1
	assert_lacks SECRET HULL BATS
	assert_eq "$(grep -cv '^HOME=' <<<"$output")" 5
}

@test "env: HOME comes from the image's passwd where it is not set" {
	run_script 'echo $HOME'
	assert_output /root
	config '.process.user = {uid: 1000, gid: 1000}'
	run_script 'echo $HOME'
	assert_output /home/user
	config '.process.user = {uid: 4321, gid: 1000}'
	run_script 'echo $HOME'
	assert_output /
	config '.process.env += ["HOME=/mine"]'
	run_script 'echo $HOME'
	assert_output /mine
}

@test "env: of two values the last is the only one" {
	config '.process.env = ["A=1", "B=2", "A=3", "AB=4", "A=5", "PATH=/bin"]'
	payload env
	try hull run "$ID"
	assert_output $'B=2\nAB=4\nA=5\nPATH=/bin\nHOME=/root'
}

@test "env: an empty HOME is none" {
	config '.process.env = ["HOME=/mine", "HOME=", "PATH=/bin"]'
	payload env
	try hull run "$ID"
	assert_output $'HOME=/root\nPATH=/bin'
}

@test "CPU affinity: that of the caller is not the container's" {
	local before
	(($(nproc) > 1)) || skip "this machine has one CPU"
	before=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
	payload grep Cpus_allowed_list: /proc/self/status
	try taskset -c "${before%%[-,]*}" env "$MARK" "$HULL" --root "$STATE" run "$ID"
	assert_output "Cpus_allowed_list:"$'\t'"$before"

	run_sleeper
	try taskset -c "${before%%[-,]*}" env "$MARK" "$HULL" --root "$STATE" exec "$ID" \
		grep Cpus_allowed_list: /proc/self/status
	assert_output "Cpus_allowed_list:"$'\t'"$before"

	# Only what execCPUAffinity says: without a final value the first one stays.
	echo '{"args": ["grep", "Cpus_allowed_list:", "/proc/self/status"], "cwd": "/",
		"execCPUAffinity": {"initial": "'"${before%%[-,]*}"'"}}' >process.json
	try hull exec --process process.json "$ID"
	assert_output "Cpus_allowed_list:"$'\t'"${before%%[-,]*}"
}

# The policy of sched(7) of a process, by its number.
policy_of() { cut -d' ' -f41 "/proc/$1/stat"; }

@test "scheduler: the container's, and another one for a process that exec makes" {
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 5}'
	run_sleeper
	assert_eq "$(policy_of "$(pid_of)")" 3
	try hull exec "$ID" cut -d' ' -f41 /proc/self/stat
	assert_output 3

	chrt -d -P 1000000 -T 100000 -D 1000000 0 true || skip "no deadlines for processes here"
	echo '{"args": ["sleep", "1000"], "cwd": "/", "scheduler": {"policy": "SCHED_DEADLINE",
		"flags": ["SCHED_FLAG_RESET_ON_FORK"], "runtime": 100000, "deadline": 1000000,
		"period": 1000000}}' >process.json
	hull exec --detach --pid-file exec.pid --process process.json "$ID" >"$OUT" 2>&1 </dev/null
	assert_eq "$(policy_of "$(<exec.pid)")" 6
}

@test "scheduler: a deadline and a startContainer hook, which the kernel lets fork only without it" {
	chrt -d -P 1000000 -T 100000 -D 1000000 0 true || skip "no deadlines for processes here"
	config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 100000, deadline: 1000000, period: 1000000}
		| .hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cut -d\" \" -f41 /proc/self/stat >/hook"]}]'
	payload sleep 1000
	run_detached
	assert_eq "$(policy_of "$(pid_of)")" 6
	assert_eq "$(<"$ROOTFS/hook")" 0
}

@test "scheduler: a deadline and a choice of CPUs exclude each other" {
	(($(nproc) > 1)) && need_controller cpuset
	config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 100000, deadline: 1000000,
		period: 1000000} | .linux.resources.cpu.cpus = "0"'
	payload true
	try hull run "$ID"
	assert_error process.scheduler \
		"$($PEER || echo "process scheduler can't be used together with AllowedCPUs")"
	assert_nothing_left
}

@test "scheduler: a nice value that is not given is 0, whatever the caller's" {
	config '.process.scheduler = {policy: "SCHED_OTHER"}'
	payload cut -d " " -f19,41 /proc/self/stat
	try nice -n 7 env "$MARK" "$HULL" --root "$STATE" run "$ID"
	assert_output "0 0"
}

@test "ioPriority: the container's, what it forks, and another one for a process that exec makes" {
	config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	run_sleeper
	assert_eq "$(ionice -p "$(pid_of)")" "best-effort: prio 6"
	try hull exec "$ID" ionice
	assert_output "best-effort: prio 6"
	echo '{"args": ["ionice"], "cwd": "/", "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 0}}' >process.json
	try hull exec --process process.json "$ID"
	assert_output idle
}

@test "execCPUAffinity: the final one counts, and is not for the container's own process" {
	local cpus first last
	(($(nproc) > 1)) || skip "this machine has one CPU"
	cpus=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
	first=${cpus%%[-,]*} last=${cpus##*[-,]}
	config --arg first "$first" --arg last "$last" '.process.execCPUAffinity = {initial: $first, final: $last}'
	run_sleeper
	assert_eq "$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(pid_of)/status")" "$cpus"
	try hull exec "$ID" grep Cpus_allowed_list: /proc/self/status
	assert_output "Cpus_allowed_list:"$'\t'"$last"
}

@test "memoryPolicy: of the container's memory, and of what exec makes" {
	[[ -e /proc/self/numa_maps ]] || skip "this kernel has no NUMA policies"
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_STATIC_NODES"]}'
	run_sleeper
	grep -q 'bind=static:0 ' "/proc/$(pid_of)/numa_maps" || report "the container's"
	try hull exec "$ID" cat /proc/self/numa_maps
	assert_has bind=static:0
}

@test "cwd: any directory; one that is missing is made" {
	mkdir -p "$ROOTFS/some/dir"
	config '.process.cwd = "/some/dir"'
	run_script pwd
	assert_output /some/dir
	config '.process.cwd = "/made/on/demand"'
	run_script pwd
	assert_output /made/on/demand
}

@test "cwd: a file is refused" {
	config '.process.cwd = "/etc/passwd"'
	run_script pwd
	assert_error /etc/passwd
	assert_nothing_left
}

@test "cwd: one that only the user may enter, or only root" {
	mkdir -p "$ROOTFS/private"
	chown 1000 "$ROOTFS/private"
	chmod 700 "$ROOTFS/private"
	config '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
	run_script 'pwd; touch x && echo mine'
	assert_ok
	assert_output $'/private\nmine'
}

@test "cwd: one that only root may enter is entered before the user is set" {
	mkdir "$ROOTFS/private"
	chmod 700 "$ROOTFS/private"
	config '.process.cwd = "/private" | .process.user = {uid: 1000, gid: 1000}'
	run_script 'pwd; ls . || echo closed'
	assert_output $'/private\nclosed'

	chown 1000 "$ROOTFS/private"
	run_sleeper
	try hull exec --user 0 "$ID" sh -c 'pwd; ls . || echo closed'
	assert_output $'/private\nclosed'
}

@test "cwd: one that nobody may enter" {
	user_namespace
	mkdir "$ROOTFS/private"
	chmod 700 "$ROOTFS/private"
	config '.process.cwd = "/private"'
	try hull run "$ID"
	assert_error process.cwd /private
	assert_nothing_left
}

# ---- user ------------------------------------------------------------------------------------------------

@test "user: ids and groups" {
	config '.process.user = {uid: 1000, gid: 1001, additionalGids: [5, 2000, 70000]}'
	run_script 'grep -E "^(Uid|Gid|Groups)" /proc/self/status'
	assert_ok
	assert_output $'Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\nGroups:\t5 2000 70000 '
}

@test "user: no groups of the caller stay" {
	run_script 'grep ^Groups /proc/self/status'
	[[ $output =~ ^Groups:[[:space:]]*0?[[:space:]]*$ ]] || report "groups"
}

@test "user: not root has no capabilities in use" {
	config '.process.user = {uid: 1000, gid: 1000} | del(.process.capabilities.ambient)'
	run_script 'grep -E "^Cap(Eff|Bnd)" /proc/self/status'
	assert_ok
	assert_line $'CapEff:\t0000000000000000' $'CapBnd:\t0000000020000420'
}

@test "user: standard output can be written by any user" {
	config '.process.user = {uid: 1000, gid: 1000}'
	run_script 'echo one >>/dev/stdout; echo two >>/proc/self/fd/2; echo three'
	if [[ $stderr == *ermission* ]]; then report "not writable"; fi
	assert_ok
	assert_has three
}

@test "umask: as configured, 0022 otherwise" {
	umask 077
	run_script 'umask'
	assert_output 0022
	config '.process.user.umask = 63'
	run_script 'umask; touch /tmp/file; stat -c %a /tmp/file'
	assert_output $'0077\n600'
	config '.process.user.umask = 0'
	run_script umask
	assert_output 0000
}

# ---- capabilities --------------------------------------------------------------------------------------------

# bits CAP...: the mask that /proc shows.
bits() {
	local names=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
		LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW) mask=0 name n
	for name; do
		for n in "${!names[@]}"; do
			[[ ${names[n]} != "$name" ]] || ((mask |= 1 << n))
		done
	done
	printf '%016x\n' "$mask"
}

@test "capabilities: what cannot be ambient is named, the rest is raised" {
	config '.process.capabilities.inheritable = ["CAP_KILL"]
		| .process.capabilities.ambient = ["CAP_KILL", "CAP_CHOWN"]'
	payload cat /proc/self/status
	try hull run "$ID"
	assert_ok
	assert_line "CapAmb:"$'\t'"$(bits KILL)"
	[[ $stderr == *"can't raise ambient capability CAP_CHOWN: "* && $stderr != *CAP_KILL* ]] || report "warning"
}

@test "capabilities: each of the five sets is its own" {
	config '.process.capabilities = {
		bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_FOWNER"],
		permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"],
		effective: ["CAP_CHOWN", "CAP_KILL"],
		inheritable: ["CAP_NET_RAW", "CAP_KILL"],
		ambient: ["CAP_KILL"]}
		| .process.user = {uid: 1000, gid: 1000}'
	payload cat /proc/self/status
	try hull run "$ID"
	assert_ok
	assert_line "CapBnd:"$'\t'"$(bits CHOWN KILL NET_RAW FOWNER)"
	assert_line "CapInh:"$'\t'"$(bits NET_RAW KILL)"
	assert_line "CapAmb:"$'\t'"$(bits KILL)"
	# For a user who is not root, execve leaves the ambient set.
	assert_line "CapPrm:"$'\t'"$(bits KILL)"
	assert_line "CapEff:"$'\t'"$(bits KILL)"
}

@test "capabilities: root's permitted and effective sets follow the bounding set" {
	config '.process.capabilities = (["CAP_CHOWN", "CAP_NET_RAW"]
		| {bounding: ., permitted: ., effective: ., inheritable: [], ambient: []})'
	payload cat /proc/self/status
	try hull run "$ID"
	assert_ok
	local set
	for set in CapPrm CapEff CapBnd; do
		assert_line "$set:"$'\t'"$(bits CHOWN NET_RAW)"
	done
	assert_line $'CapInh:\t0000000000000000' $'CapAmb:\t0000000000000000'
}

@test "capabilities: none" {
	config '.process.capabilities = {bounding: [], permitted: [], effective: [], inheritable: [], ambient: []}'
	run_script 'grep ^Cap /proc/self/status; chown 5:5 /tmp'
	assert_eq "$(grep -c 0000000000000000 <<<"$output")" 5
	[[ $stderr == *"not permitted"* ]]
}

@test "capabilities: no section is none" {
	config 'del(.process.capabilities)'
	run_script 'grep ^Cap /proc/self/status'
	if $PEER; then skip "differs between runtimes"; fi
	assert_ok
	assert_eq "$(grep -c 0000000000000000 <<<"$output")" 5
}

@test "capabilities: they are real" {
	config '.process.capabilities = (["CAP_CHOWN"]
		| {bounding: ., permitted: ., effective: ., inheritable: [], ambient: []})'
	run_script 'chown 5:5 /tmp && echo chowned; hostname x 2>&1; mount -t tmpfs t /tmp 2>&1; mknod /tmp/n c 1 3 2>&1'
	assert_has chowned
	assert_eq "$(grep -ci 'not permitted\|denied' <<<"$output")" 3
}

@test "capabilities: a name that no kernel knows is a warning, not an error" {
	config '.process.capabilities.bounding += ["CAP_NO_SUCH"]'
	run_script 'echo ran'
	assert_ok
	assert_output ran
	[[ $stderr == *CAP_NO_SUCH* ]]
}

@test "noNewPrivileges: true, false, absent" {
	run_script 'grep NoNewPrivs /proc/self/status'
	assert_output $'NoNewPrivs:\t1'
	config '.process.noNewPrivileges = false'
	run_script 'grep NoNewPrivs /proc/self/status'
	assert_output $'NoNewPrivs:\t0'
	config 'del(.process.noNewPrivileges)'
	run_script 'grep NoNewPrivs /proc/self/status'
	assert_output $'NoNewPrivs:\t0'
}

# ---- limits --------------------------------------------------------------------------------------------------

@test "rlimits: each kind, seen in /proc" {
	config '.process.rlimits = [
		{type: "RLIMIT_AS", soft: 1000000000, hard: 2000000000},
		{type: "RLIMIT_CORE", soft: 0, hard: 0},
		{type: "RLIMIT_CPU", soft: 100, hard: 200},
		{type: "RLIMIT_DATA", soft: 100000000, hard: 200000000},
		{type: "RLIMIT_FSIZE", soft: 1000000, hard: 2000000},
		{type: "RLIMIT_LOCKS", soft: 10, hard: 20},
		{type: "RLIMIT_MEMLOCK", soft: 65536, hard: 65536},
		{type: "RLIMIT_MSGQUEUE", soft: 1000, hard: 2000},
		{type: "RLIMIT_NICE", soft: 0, hard: 0},
		{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
		{type: "RLIMIT_NPROC", soft: 50, hard: 60},
		{type: "RLIMIT_RSS", soft: 1000000, hard: 1000000},
		{type: "RLIMIT_RTPRIO", soft: 0, hard: 0},
		{type: "RLIMIT_RTTIME", soft: 1000000, hard: 2000000},
		{type: "RLIMIT_SIGPENDING", soft: 11, hard: 22},
		{type: "RLIMIT_STACK", soft: 4194304, hard: 8388608}]'
	payload sh -c 'sed "s/  */ /g" /proc/self/limits'
	try hull run "$ID"
	assert_ok
	assert_has "Max open files 100 200" "Max processes 50 60" "Max cpu time 100 200" \
		"Max address space 1000000000 2000000000" "Max file size 1000000 2000000" \
		"Max core file size 0 0" "Max stack size 4194304 8388608" "Max data size 100000000 200000000" \
		"Max locked memory 65536 65536" "Max msgqueue size 1000 2000" "Max pending signals 11 22" \
		"Max realtime timeout 1000000 2000000" "Max file locks 10 20" "Max resident set 1000000 1000000"
}

@test "rlimits: unlimited" {
	config '.process.rlimits = [{type: "RLIMIT_CPU", soft: 18446744073709551615, hard: 18446744073709551615}]'
	# jq rounds numbers of this size.
	sed -i -E 's/(soft|hard)": 18446744073709552000/\1": 18446744073709551615/' config.json
	run_script 'grep "cpu time" /proc/self/limits | sed "s/  */ /g"'
	sed -i -E 's/(soft|hard)": 18446744073709552000/\1": 18446744073709551615/' config.json
	try hull run "$ID"
	assert_ok
	assert_has "Max cpu time unlimited unlimited"
}

@test "rlimits: hull's own work is not limited by them" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 3, hard: 3}, {type: "RLIMIT_NPROC", soft: 1, hard: 1}]'
	run_script 'ulimit -n'
	assert_ok
	assert_output 3
}

@test "rlimits: unknown, twice, soft over hard" {
	payload true
	config '.process.rlimits = [{type: "RLIMIT_NO_SUCH", soft: 1, hard: 1}]'
	try hull run "$ID"
	assert_error RLIMIT_NO_SUCH
	assert_nothing_left
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 20, hard: 10}]'
	try hull run "$ID"
	assert_status 1
	assert_nothing_left
	config '.process.rlimits = [{type: "RLIMIT_CPU", soft: 1, hard: 1}, {type: "RLIMIT_CPU", soft: 2, hard: 2}]'
	try hull run "$ID"
	$PEER || assert_error "process.rlimits[1]"
	assert_nothing_left
}

@test "oomScoreAdj: raised; absent is inherited" {
	run_script 'cat /proc/self/oom_score_adj'
	assert_output "$(cat /proc/self/oom_score_adj)"
	config '.process.oomScoreAdj = 567'
	run_script 'cat /proc/self/oom_score_adj'
	assert_ok
	assert_output 567
}

@test "oomScoreAdj: in a user namespace, and of an exec there" {
	user_namespace
	config '.process.oomScoreAdj = 567'
	run_script 'cat /proc/self/oom_score_adj'
	assert_ok
	assert_output 567
	run_sleeper
	try hull exec "$ID" cat /proc/self/oom_score_adj
	assert_output 567
}

# ---- terminal ------------------------------------------------------------------------------------------------

@test "terminal: with --console-socket the engine has the other end" {
	config '.process.terminal = true'
	script 'tty; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; : </dev/tty && echo controlling; stat -c "%F %U" /dev/console'
	console_listen
	create_container --console-socket "$CONSOLE"
	hull start "$ID"
	local seen
	seen=$(console_output)
	[[ $seen == /dev/pts/0$'\nall\ncontrolling\ncharacter special file root' ]] || fail "$seen"
}

@test "terminal: what is typed arrives, and the terminal echoes" {
	config '.process.terminal = true'
	script 'read line; echo "got <$line>"'
	console_listen --input $'hello\n'
	create_container --console-socket "$CONSOLE"
	hull start "$ID"
	[[ $(console_output) == *"got <hello>" ]]
}

@test "terminal: control-C interrupts" {
	config '.process.terminal = true'
	script 'trap "echo interrupted; exit 0" INT; echo ready; while :; do usleep 10000; done'
	on_terminal --input $'\003' run "$ID"
	assert_ok
	assert_has interrupted
}

@test "terminal: no carriage returns in what is written to a file" {
	config '.process.terminal = true'
	script 'echo one; echo two'
	try hull run "$ID"
	assert_output $'one\ntwo'
	console_listen
	run_sleeper --console-socket "$CONSOLE"
	try hull exec --tty "$ID" echo three
	assert_output three
}

@test "terminal: consoleSize" {
	config '.process.terminal = true | .process.consoleSize = {height: 41, width: 123}'
	payload stty size
	console_listen
	run_detached --console-socket "$CONSOLE"
	assert_eq "$(console_output)" "41 123"
}

@test "terminal: without one there is no /dev/console, and consoleSize does not matter" {
	config '.process.consoleSize = {height: 41, width: 123}'
	script '[ -e /dev/console ] || echo none; stty size'
	on_terminal --size 31x97 run "$ID"
	assert_ok
	assert_has none "31 97"
}

@test "terminal: the user's own terminal is passed on, with its size and the exit code" {
	config '.process.terminal = true'
	script 'tty; stty size; exit 6'
	on_terminal --size 31x97 run "$ID"
	assert_status 6
	assert_has /dev/pts/ "31 97"
}

@test "terminal: belongs to the user of the process" {
	config '.process.terminal = true | .process.user = {uid: 1000, gid: 1000}'
	script 'stat -c %u "$(tty)"; echo x >"$(tty)"; echo y >/dev/tty && echo written'
	console_listen
	run_detached --console-socket "$CONSOLE"
	local seen
	seen=$(console_output)
	[[ ${seen%%$'\n'*} == 1000 && $seen == *written ]] || fail "$seen"
}

@test "terminal: in a user namespace" {
	user_namespace
	config '.process.terminal = true'
	script 'tty; stat -c "%u %F" "$(tty)"; [ -c /dev/console ] && echo console'
	console_listen
	run_detached --console-socket "$CONSOLE"
	assert_eq "$(console_output)" $'/dev/pts/0\n0 character special file\nconsole'
}

@test "terminal: combinations that cannot work are refused" {
	payload true
	config '.process.terminal = true'
	try hull create "$ID"
	assert_error "use --console-socket"
	assert_nothing_left
	try hull run --detach "$ID"
	assert_error console
	assert_nothing_left
	try hull create --console-socket "$BATS_TEST_TMPDIR/missing.sock" "$ID"
	assert_error missing.sock
	assert_nothing_left
	config '.process.terminal = false'
	console_listen
	try hull create --console-socket "$CONSOLE" "$ID"
	assert_error console
	assert_nothing_left
}

@test "terminal: a closed one is a hangup for the container" {
	config '.process.terminal = true'
	script 'trap "exit 0" HUP; while :; do sleep 1000 & wait $!; done'
	console_listen
	run_detached --console-socket "$CONSOLE"
	wait_until catches 1 "$(pid_of)"
	kill "$CONSOLE_PID"
	wait_status stopped
}

# ---- descriptors ---------------------------------------------------------------------------------------------

@test "--preserve-fds: just as many as were asked for" {
	echo three >"$BATS_TEST_TMPDIR/3"
	echo four >"$BATS_TEST_TMPDIR/4"
	script 'cat <&3; cat <&4; [ -e /proc/self/fd/5 ] || echo no five; [ -e /proc/self/fd/6 ] || echo no six'
	try env "$MARK" "$HULL" --root "$STATE" run --preserve-fds 2 "$ID" \
		3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4" 5</etc/passwd 6</
	assert_ok
	assert_output $'three\nfour\nno five\nno six'
}

@test "--preserve-fds: through create and start" {
	echo three >"$BATS_TEST_TMPDIR/3"
	payload sh -c 'cat <&3'
	env "$MARK" "$HULL" --root "$STATE" create --preserve-fds 1 "$ID" 3<"$BATS_TEST_TMPDIR/3" 4>&- >"$OUT" 2>&1 </dev/null
	hull start "$ID"
	wait_until has_text three "$OUT"
}

@test "--preserve-fds: a number that cannot be, or descriptors that are not open" {
	payload true
	try hull run --preserve-fds -1 "$ID"
	assert_status 1
	try hull run --preserve-fds x "$ID"
	assert_status 1
	try env "$MARK" "$HULL" --root "$STATE" run --preserve-fds 5 "$ID" 3>&- 4>&- 5>&- 6>&- 7>&-
	assert_status 1
	assert_nothing_left
}

@test "LISTEN_FDS: passed on, with LISTEN_PID of the container" {
	echo socket >"$BATS_TEST_TMPDIR/3"
	script 'echo "$LISTEN_FDS $LISTEN_PID $$"; cat <&3; [ -e /proc/self/fd/4 ] || echo no four'
	# shellcheck disable=SC2317 # called through try
	listen() {
		(
			export LISTEN_FDS=1 LISTEN_PID=$BASHPID
			exec env "$MARK" "$HULL" --root "$STATE" run "$ID"
		) 3<"$BATS_TEST_TMPDIR/3" 4</etc/passwd
	}
	try listen
	assert_ok
	assert_output $'1 1 1\nsocket\nno four'
}

@test "LISTEN_FDS and --preserve-fds add up" {
	echo socket >"$BATS_TEST_TMPDIR/3"
	echo extra >"$BATS_TEST_TMPDIR/4"
	script 'echo "$LISTEN_FDS"; cat <&3; cat <&4; [ -e /proc/self/fd/5 ] || echo no five'
	# shellcheck disable=SC2317 # called through try
	listen() {
		(
			export LISTEN_FDS=1 LISTEN_PID=$BASHPID
			exec env "$MARK" "$HULL" --root "$STATE" run --preserve-fds 1 "$ID"
		) 3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4" 5</etc/passwd
	}
	try listen
	assert_ok
	assert_output $'1\nsocket\nextra\nno five'
}

@test "closed standard descriptors of the caller do no harm" {
	script 'echo x >&2; true'
	status=0
	env "$MARK" "$HULL" --root "$STATE" run "$ID" <&- >&- 2>&- 3>&- 4>&- || status=$?
	[[ $status -eq 0 || $status -eq 1 ]]
	assert_nothing_left
}

# ---- signals and session -----------------------------------------------------------------------------------------

@test "signals: none is blocked or ignored inside, whatever the caller does" {
	trap '' HUP INT USR1 PIPE
	payload grep -E '^Sig(Blk|Ign)' /proc/self/status
	try hull run "$ID"
	trap - HUP INT USR1 PIPE
	assert_ok
	assert_line $'SigBlk:\t0000000000000000'
	$PEER || assert_line $'SigIgn:\t0000000000000000'
}

@test "signals: those that C libraries keep for themselves are not ignored either" {
	payload grep '^SigIgn' /proc/self/status
	# shellcheck disable=SC2317 # called through try
	ignoring() {
		python3 -c '
import ctypes, os, struct, sys
ignore = ctypes.create_string_buffer(struct.pack("QQQQ", 1, 0, 0, 0))
for number in (32, 33):
    ctypes.CDLL(None).syscall(13, number, ignore, 0, 8)  # rt_sigaction
os.execvp(sys.argv[1], sys.argv[1:])' env "$MARK" "$HULL" --root "$STATE" run "$ID"
	}
	try ignoring
	assert_ok
	assert_output $'SigIgn:\t0000000000000000'
}

@test "session: the container's process leads one of its own" {
	payload sleep 1000
	run_detached
	local pid
	pid=$(pid_of)
	assert_eq "$(cut -d' ' -f6 "/proc/$pid/stat")" "$pid"
}

@test "keyring: a new session keyring, or the caller's with --no-new-keyring" {
	script 'cat /proc/keys | grep -c _ses'
	config '.linux.maskedPaths -= ["/proc/keys"]'
	try hull run "$ID"
	[[ $status -eq 0 || $output == 0 ]]
	try hull run --no-new-keyring "$ID"
	[[ $status -eq 0 || $output == 0 ]]
}

@test "personality: flags are refused" {
	if $PEER; then skip "others ignore them"; fi
	config '.linux.personality = {domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"]}'
	payload true
	try hull run "$ID"
	assert_error "linux.personality.flags[0]" ADDR_NO_RANDOMIZE
}

@test "personality: as configured" {
	if $PEER; then skip "not in every runtime"; fi
	[[ $(uname -m) == x86_64 ]] || skip "the 32-bit name of this machine is not known here"
	config '.linux.personality = {domain: "LINUX32"}'
	payload uname -m
	try hull run "$ID"
	assert_ok
	assert_output i686
}
