#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# exec: a second process in a running container.

load setup
load terminal

# Every exec test needs a container to execute in.
container() { run_sleeper; }

# ---- what comes out ------------------------------------------------------------------------------

@test "exec: output, errors and input" {
	container
	printf 'line\n' >"$BATS_TEST_TMPDIR/input"
	INPUT=$BATS_TEST_TMPDIR/input try hull exec "$ID" sh -c 'cat; echo err >&2'
	assert_ok
	assert_output line
	assert_eq "$stderr" err
}

@test "exec: exit codes" {
	local code
	container
	for code in 0 1 42 126 127 255; do
		try hull exec "$ID" sh -c "exit $code"
		assert_status "$code"
	done
}

@test "exec: a signal is 128 + its number" {
	local signal
	container
	for signal in 9:KILL 15:TERM 11:SEGV; do
		try hull exec "$ID" sh -c "kill -${signal#*:} \$\$"
		assert_status $((128 + ${signal%:*}))
	done
}

@test "exec: options of the command are the command's" {
	container
	try hull exec "$ID" echo -e --user 'a\tb' --help
	assert_ok
	assert_output $'--user a\tb --help'
	try hull exec -- "$ID" echo dashes
	assert_ok
	assert_output dashes
}

@test "exec: arguments arrive as they are" {
	container
	try hull exec "$ID" printf '[%s]' '' ' ' 'a b' $'new\nline' '$HOME' 'ü' '*'
	assert_ok
	assert_output $'[][ ][a b][new\nline][$HOME][ü][*]'
}

@test "exec: a large output arrives whole" {
	container
	try hull exec "$ID" seq 1 100000
	assert_eq "$(cksum <<<"$output")" "$(seq 1 100000 | cksum)"
}

@test "exec: signals sent to hull reach the process" {
	container
	env "$MARK" "$HULL" --root "$STATE" exec "$ID" \
		sh -c 'trap "exit 9" TERM; echo ready; while :; do sleep 1000 >/dev/null 2>&1 & wait $!; done' \
		>"$OUT.exec" 2>&1 3>&- 4>&- </dev/null &
	local pid=$! code=0
	wait_until has_text ready "$OUT.exec"
	kill -TERM "$pid"
	wait "$pid" || code=$?
	assert_eq "$code" 9
	assert_eq "$(status_of)" running
}

@test "exec: ends when the container ends" {
	container
	env "$MARK" "$HULL" --root "$STATE" exec "$ID" sh -c 'echo ready; sleep 1000' \
		>"$OUT.exec" 2>&1 3>&- 4>&- </dev/null &
	local pid=$! code=0
	wait_until has_text ready "$OUT.exec"
	hull kill "$ID" KILL
	wait "$pid" || code=$?
	assert_eq "$code" 137
}

@test "exec: many at once" {
	local n pids=()
	container
	for n in 1 2 3 4 5 6 7 8; do
		env "$MARK" "$HULL" --root "$STATE" exec "$ID" sh -c "echo $n >/tmp/$n; exit $n" \
			3>&- 4>&- </dev/null &
		pids+=($!)
	done
	for n in 1 2 3 4 5 6 7 8; do
		local code=0
		wait "${pids[n - 1]}" || code=$?
		assert_eq "$code" "$n"
		assert_eq "$(cat "$ROOTFS/tmp/$n")" "$n"
	done
	# Nothing stays behind in the container, not even as a zombie: its shell and its sleep.
	assert_eq "$(hull ps -f json "$ID" | jq length)" 2
}

# ---- where it runs ---------------------------------------------------------------------------------

@test "exec: in every namespace of the container" {
	container
	local pid type
	pid=$(pid_of)
	for type in cgroup ipc mnt net pid uts user; do
		try hull exec "$ID" readlink "/proc/self/ns/$type"
		assert_output "$(readlink "/proc/$pid/ns/$type")"
	done
}

@test "exec: in every cgroup of the container" {
	container
	hull exec --detach --pid-file exec.pid "$ID" sleep 1000
	diff "/proc/$(pid_of)/cgroup" "/proc/$(cat exec.pid)/cgroup"
}

@test "exec: into a container with a user namespace" {
	user_namespace
	container
	try hull exec "$ID" sh -c 'id -u; cat /proc/self/uid_map'
	assert_ok
	assert_line 0
	assert_has 100000
	hull exec --detach --pid-file exec.pid --user 5:6 "$ID" sleep 1000
	grep -qE '^Uid:\s100005\s100005\s100005\s100005' "/proc/$(cat exec.pid)/status"
	grep -qE '^Gid:\s100006\s100006\s100006\s100006' "/proc/$(cat exec.pid)/status"
}

@test "exec: sees the container's root and hostname" {
	echo inside >"$ROOTFS/etc/marker"
	config '.hostname = "exec-host"'
	container
	try hull exec "$ID" sh -c 'cat /etc/marker; hostname'
	assert_output $'inside\nexec-host'
}

@test "exec: nothing but standard descriptors" {
	container
	try hull exec "$ID" sh -c 'for f in /proc/self/fd/*; do echo ${f##*/}; done'
	assert_ok
	# The shell's own: 0, 1, 2 and the directory that it reads.
	assert_eq "$(xargs <<<"$output")" "0 1 2 3"
}

@test "exec --preserve-fds: just as many as were asked for" {
	container
	echo three >"$BATS_TEST_TMPDIR/3"
	echo four >"$BATS_TEST_TMPDIR/4"
	echo five >"$BATS_TEST_TMPDIR/5"
	try env "$MARK" "$HULL" --root "$STATE" exec --preserve-fds 2 "$ID" \
		sh -c 'cat <&3; cat <&4; [ -e /proc/self/fd/5 ] || echo no five' \
		3<"$BATS_TEST_TMPDIR/3" 4<"$BATS_TEST_TMPDIR/4" 5<"$BATS_TEST_TMPDIR/5"
	assert_ok
	assert_output $'three\nfour\nno five'
}

# ---- as whom, with what ------------------------------------------------------------------------------

@test "exec: by default as the container's process" {
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [2000]} | .process.cwd = "/tmp"
		| .process.env += ["FROM_CONFIG=yes"]'
	container
	try hull exec "$ID" sh -c 'id -u; id -g; id -G; pwd; echo $FROM_CONFIG'
	assert_ok
	assert_output $'1000\n1000\n1000 2000\n/tmp\nyes'
}

@test "exec --user: uid, uid:gid" {
	container
	try hull exec --user 1000 "$ID" id -u
	assert_output 1000
	try hull exec --user 1000:2000 "$ID" sh -c 'id -u; id -g'
	assert_output $'1000\n2000'
	try hull exec -u 7:8 "$ID" grep -E '^(Uid|Gid)' /proc/self/status
	assert_output $'Uid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8'
}

@test "exec --user: what cannot be read as numbers runs nothing" {
	local user
	container
	for user in '1000:' ':5' -1 4294967296 18446744073709551616 1000x 1000:5x root:x 1000:5:6 ' 5' '0x0'; do
		if $PEER && [[ $user == 4294967296 ]]; then continue; fi
		try hull exec --user "$user" "$ID" id -u
		[[ $status -ne 0 && -z $output ]] || report "user '$user' was accepted"
		[[ -n $stderr ]]
	done
	# The empty user is the one of config.json in runc, and an error would be right too.
	try hull exec --user "" "$ID" id -u
	[[ $status -ne 0 || $output == 0 ]]
}

@test "exec --additional-gids" {
	container
	try hull exec --user 1000:1000 --additional-gids 2000 --additional-gids 3000 "$ID" id -G
	assert_ok
	assert_output "1000 2000 3000"
	try hull exec -g 4000 "$ID" id -G
	assert_has 4000
}

@test "exec --cwd" {
	mkdir -p "$ROOTFS/some/where"
	container
	try hull exec --cwd /some/where "$ID" pwd
	assert_output /some/where
}

@test "exec --cwd: what is wrong is refused" {
	container
	try hull exec --cwd relative "$ID" pwd
	[[ $status -ne 0 && -z $output ]]
	touch "$ROOTFS/file"
	try hull exec --cwd /file "$ID" pwd
	assert_error --code 255 /file
}

@test "exec --cwd: never a directory of the host, through any descriptor" {
	local n
	container
	for n in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
		try hull exec --cwd "/proc/self/fd/$n" "$ID" sh -c 'pwd; ls ..'
		[[ $status -ne 0 && -z $output ]] || report "ran in descriptor $n"
	done
}

@test "exec --env: adds and replaces" {
	config '.process.env += ["A=config", "B=config"]'
	container
	try hull exec --env A=first --env C=third --env 'D=two words' "$ID" env
	assert_ok
	assert_line A=first B=config C=third 'D=two words'
	assert_lacks A=config
	try hull exec -e A=second "$ID" env
	assert_line A=second B=config
}

@test "exec: HOME is the user's" {
	container
	try hull exec "$ID" sh -c 'echo $HOME'
	assert_output /root
	try hull exec --user 1000 "$ID" sh -c 'echo $HOME'
	assert_output /home/user
	try hull exec --env HOME=/elsewhere "$ID" sh -c 'echo $HOME'
	assert_output /elsewhere
}

@test "exec: capabilities are the container's, inheritable ones empty" {
	container
	try hull exec "$ID" grep ^Cap /proc/self/status
	assert_ok
	# CAP_KILL, CAP_NET_BIND_SERVICE, CAP_AUDIT_WRITE: bits 5, 10, 29.
	assert_line $'CapPrm:\t0000000020000420' $'CapEff:\t0000000020000420'
	assert_line $'CapBnd:\t0000000020000420' $'CapInh:\t0000000000000000'
}

@test "exec --cap: one more, and none of it inheritable" {
	container
	try hull exec --cap CAP_NET_RAW "$ID" grep ^Cap /proc/self/status
	assert_ok
	assert_line $'CapPrm:\t0000000020002420' $'CapEff:\t0000000020002420'
	assert_line $'CapInh:\t0000000000000000'
}

@test "exec --cap: what is inheritable already becomes ambient too" {
	config '.process.capabilities = {inheritable: ["CAP_CHOWN", "CAP_SYSLOG"], permitted: ["CAP_KILL", "CAP_CHOWN"],
		effective: ["CAP_KILL"], bounding: ["CAP_KILL", "CAP_CHOWN", "CAP_SYSLOG"], ambient: ["CAP_CHOWN"]}'
	container
	try hull exec --cap CAP_SYSLOG --cap CAP_KILL "$ID" grep ^Cap /proc/self/status
	assert_ok
	assert_line $'CapInh:\t0000000400000001' $'CapPrm:\t0000000400000021' $'CapAmb:\t0000000400000001'
}

@test "exec --cap: an unknown capability is named" {
	container
	try hull exec --cap CAP_NO_SUCH "$ID" true
	[[ $stderr == *CAP_NO_SUCH* ]] || report "not named"
}

@test "exec: no-new-privileges is the container's; --no-new-privs sets it" {
	config '.process.noNewPrivileges = false'
	container
	try hull exec "$ID" grep NoNewPrivs /proc/self/status
	assert_output $'NoNewPrivs:\t0'
	try hull exec --no-new-privs "$ID" grep NoNewPrivs /proc/self/status
	assert_output $'NoNewPrivs:\t1'
}

@test "exec: rlimits, umask-less and out-of-memory score of the container" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 123, hard: 456}]
		| .process.oomScoreAdj = 300'
	container
	try hull exec "$ID" sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj'
	assert_output $'123\n456\n300'
}

@test "exec: under the container's seccomp filter" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}'
	container
	try hull exec "$ID" sh -c 'mkdir /tmp/x; grep "^Seccomp:" /proc/self/status'
	assert_has $'Seccomp:\t2'
	[[ ! -e $ROOTFS/tmp/x ]]
	[[ $stderr == *"not permitted"* ]]
}

# ---- --process, --detach, --pid-file -------------------------------------------------------------------

@test "exec --process: all of it from a file" {
	mkdir "$ROOTFS/work"
	container
	jq -n '{terminal: false, cwd: "/work", args: ["sh", "-c", "id -u; id -G; pwd; echo $KEY;
		grep CapEff /proc/self/status; grep NoNewPrivs /proc/self/status; ulimit -n"],
		env: ["PATH=/bin", "KEY=value"], user: {uid: 1000, gid: 1000, additionalGids: [2000]},
		capabilities: {bounding: ["CAP_KILL"], permitted: [], effective: [], inheritable: [], ambient: []},
		rlimits: [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}], noNewPrivileges: true}' >process.json
	try hull exec --process process.json "$ID"
	assert_ok
	assert_output $'1000\n1000 2000\n/work\nvalue\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n77'
	try hull exec -p "$BUNDLE/process.json" "$ID"
	assert_ok
	assert_has value
}

@test "exec --process: a bad file says where" {
	local file=$BATS_TEST_TMPDIR/process.json
	container
	echo '{"cwd": "/", "args": [' >"$file"
	try hull exec --process "$file" "$ID"
	assert_error --code 255
	echo '{"cwd": "tmp", "args": ["true"], "user": {"uid": 0, "gid": 0}}' >"$file"
	try hull exec --process "$file" "$ID"
	assert_error --code 255 cwd
	echo '{"cwd": "/", "args": "true", "user": {"uid": 0, "gid": 0}}' >"$file"
	try hull exec --process "$file" "$ID"
	assert_error --code 255 args
	echo '{"cwd": "/", "args": [], "user": {"uid": 0, "gid": 0}}' >"$file"
	try hull exec --process "$file" "$ID"
	assert_error --code 255 args
	try hull exec --process "$BATS_TEST_TMPDIR/missing.json" "$ID"
	assert_error --code 255 missing.json
	assert_eq "$(status_of)" running
}

@test "exec --detach: returns at once; --pid-file: the process" {
	container
	try hull exec --detach --pid-file exec.pid "$ID" sh -c 'echo detached >/tmp/mark; sleep 1000'
	assert_ok
	local pid
	pid=$(cat exec.pid)
	assert_eq "$(wc -l <exec.pid)" 0
	kill -0 "$pid"
	wait_until has_text detached "$ROOTFS/tmp/mark"
	grep -q "$ID" "/proc/$pid/cgroup"
	assert_eq "$(hull ps -f json "$ID" | jq "index($pid) != null")" true
}

@test "exec --pid-file: without --detach too" {
	container
	try hull exec --pid-file exec.pid "$ID" true
	assert_ok
	[[ $(cat exec.pid) =~ ^[1-9][0-9]*$ ]]
}

@test "exec --pid-file: not there after a failure" {
	container
	try hull exec --detach --pid-file exec.pid "$ID" /no/such/program
	assert_status 255
	[[ ! -e exec.pid ]]
}

@test "exec --detach: with --process, as conmon calls it" {
	container
	jq '.process | .args = ["sleep", "1000"]' config.json >process.json
	try hull exec --pid-file "$BUNDLE/exec.pid" --process "$BUNDLE/process.json" --detach "$ID"
	assert_ok
	wait_until has_text sleep "/proc/$(cat exec.pid)/comm"
}

# ---- terminals -------------------------------------------------------------------------------------------

@test "exec --tty: on the user's terminal" {
	container
	on_terminal exec --tty "$ID" sh -c 'tty; [ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all; exit 4'
	assert_status 4
	assert_has /dev/pts/ all
	on_terminal exec -t "$ID" tty
	assert_ok
	assert_has /dev/pts/
}

@test "exec without --tty: no terminal, even where the user has one" {
	container
	on_terminal exec "$ID" sh -c '[ -c /dev/tty ] && (: </dev/tty) 2>/dev/null && echo has one; echo end'
	assert_ok
	assert_has end
	assert_lacks "has one"
}

@test "exec --tty --console-socket: an engine's terminal" {
	container
	console_listen
	try hull exec --tty --detach --pid-file exec.pid --console-socket "$CONSOLE" "$ID" \
		sh -c 'tty; id -u; echo done'
	assert_ok
	[[ $(console_output) == /dev/pts/*$'\n0\ndone' ]]
}

@test "exec --process with terminal and consoleSize" {
	container
	console_listen
	jq '.process | .terminal = true | .consoleSize = {height: 33, width: 111}
		| .args = ["sh", "-c", "stty size; echo end"]' config.json >process.json
	try hull exec --process process.json --detach --console-socket "$CONSOLE" "$ID"
	assert_ok
	assert_eq "$(console_output)" $'33 111\nend'
}

@test "exec --tty --detach: needs a console socket" {
	container
	try hull exec --tty --detach "$ID" true
	assert_error --code 255 console
}

# ---- refusals ----------------------------------------------------------------------------------------------

@test "exec: a command that is not there: 255 and the words that engines know" {
	container
	try hull exec "$ID" no-such-program
	assert_error --code 255 "executable file not found in \$PATH" no-such-program
	try hull exec "$ID" /no/such/program
	assert_error --code 255 "no such file or directory" /no/such/program
	$PEER || [[ $stderr == *"no such file or directory" ]] || report "Docker wants small letters"
	try hull exec --env PATH=/empty "$ID" true
	assert_error --code 255 "executable file not found in \$PATH"
}

@test "exec: a command that may not be executed: 255, permission denied" {
	echo text >"$ROOTFS/tmp/file"
	container
	try hull exec "$ID" /tmp/file
	assert_error --code 255 "permission denied"
	try hull exec "$ID" /tmp
	assert_error --code 255
	[[ $stderr == *"permission denied"* || ${stderr,,} == *"is a directory"* ]] || report "not in these words"
}

@test "exec: a command in no executable format" {
	printf '\1\2\3' >"$ROOTFS/tmp/file"
	chmod +x "$ROOTFS/tmp/file"
	container
	try hull exec "$ID" /tmp/file
	assert_error --code 255 "exec format error"
}

@test "exec: the command is found in the container's PATH" {
	mkdir -p "$ROOTFS/opt/one" "$ROOTFS/opt/two"
	printf '#!/bin/sh\necho two\n' >"$ROOTFS/opt/two/tool"
	chmod +x "$ROOTFS/opt/two/tool"
	echo 'not executable' >"$ROOTFS/opt/one/tool"
	config '.process.env = ["PATH=/opt/one:/opt/two:/bin"]'
	container
	try hull exec "$ID" tool
	assert_ok
	assert_output two
}

@test "exec: no command at all" {
	container
	try hull exec "$ID"
	[[ $status -ne 0 && -n $stderr ]]
}

@test "exec: not in a stopped container" {
	payload true
	run_detached
	wait_status stopped
	try hull exec "$ID" true
	assert_error --code 255 stopped
}

@test "exec: not in a paused container, unless asked to" {
	container
	hull pause "$ID"
	try hull exec "$ID" true
	assert_error --code 255 paused
	hull exec --ignore-paused --detach "$ID" touch /tmp/mark >/dev/null 2>&1 &
	local pid=$!
	hull resume "$ID"
	wait "$pid" || true
	hull exec "$ID" true
}

@test "exec: a failure leaves no process in the container" {
	container
	local before
	before=$(hull ps -f json "$ID" | jq -c 'sort')
	try hull exec "$ID" /no/such/program
	try hull exec --cwd /no/such "$ID" true
	try hull exec --user 1:x "$ID" true
	assert_eq "$(hull ps -f json "$ID" | jq -c 'sort')" "$before"
}

# ---- groups below the container's ----------------------------------------------------------------

# group_make CONTROLLER NAME: below the container's own group.
group_make() { mkdir -p "$(cgroup_dir "$(pid_of)" "$1")/$2"; }

@test "exec --cgroup: a group for all controllers" {
	without_namespace cgroup
	run_sleeper
	local controller
	for controller in memory pids cpu cpuset devices freezer hugetlb blkio perf_event net_cls net_prio rdma \
		cpuacct misc; do
		[[ -z $(controller_version "$controller") ]] || group_make "$controller" a/b
	done
	[[ -z $CGROUP2 ]] || group_make none a/b
	try hull exec --cgroup a/b "$ID" cat /proc/self/cgroup
	assert_ok
	[[ $(grep -vc '/a/b$' <<<"$output") -eq $(grep -c 'name=' <<<"$output") ]] || report "not in it"
	try hull exec --cgroup / "$ID" cat /proc/self/cgroup
	assert_ok
	assert_lacks /a/b
	try hull exec --cgroup /a//b/ "$ID" true
	assert_ok
}

@test "exec --cgroup: on v1 by controller" {
	[[ $(controller_version memory) == 1 && $(controller_version pids) == 1 ]] ||
		skip "memory or pids is no controller of v1 here"
	without_namespace cgroup
	run_sleeper
	group_make memory a
	group_make pids b
	try hull exec --cgroup memory:a --cgroup pids:/b "$ID" cat /proc/self/cgroup
	assert_ok
	[[ $(grep -E ':(.*,)?memory(,.*)?:' <<<"$output") == */a ]] || report "memory"
	[[ $(grep -E ':(.*,)?pids(,.*)?:' <<<"$output") == */b ]] || report "pids"
	[[ $(grep -E ':(.*,)?cpu(,.*)?:' <<<"$output") == *"$ID" ]] || report "cpu"
	try hull exec --cgroup memory:a --cgroup memory:a "$ID" true
	assert_error --code 255 memory
	try hull exec --cgroup memory,nonsense:a "$ID" true
	assert_error --code 255 "unknown controller" nonsense
	assert_error --code 255 nonsense
	try hull exec --cgroup a --cgroup memory:a "$ID" true
	assert_error --code 255 cgroup
}

@test "exec --cgroup: one that is not there, or not below the container's" {
	run_sleeper
	local path
	for path in none a/../.. .. ../../.. /..; do
		try hull exec --cgroup "$path" "$ID" true
		assert_error --code 255 "--cgroup"
		[[ $stderr != *"no such file or directory"* ]] || report "the engines' words"
	done
	if [[ $CGROUP_MODE == v2 ]]; then
		try hull exec --cgroup memory:a "$ID" true
		assert_error --code 255 v2
	fi
}

@test "exec: in a container that has divided its v2 group, beside its first process" {
	[[ -n $CGROUP2 ]] || skip "no cgroup v2 here"
	without_namespace cgroup
	local dir controller pid
	# A limit, so that the group has a controller that can be handed on.
	[[ $(controller_version hugetlb) != 2 ]] ||
		config '.linux.resources.hugepageLimits = [{pageSize: "2MB", limit: 4194304}]'
	run_sleeper
	dir=$(cgroup_dir "$(pid_of)" none)
	read -r controller _ <"$dir/cgroup.controllers" || skip "no controllers on cgroup v2"
	mkdir "$dir/init"
	until [[ -z $(<"$dir/cgroup.procs") ]]; do
		for pid in $(<"$dir/cgroup.procs"); do
			echo "$pid" >"$dir/init/cgroup.procs" || true
		done
	done
	echo "+$controller" >"$dir/cgroup.subtree_control"
	try hull exec "$ID" cat /proc/self/cgroup
	assert_ok
	[[ $(grep '^0::' <<<"$output") == *"$ID/init" ]] || report "not beside it"
	# One that is named is meant.
	try hull exec --cgroup / "$ID" true
	assert_error --code 255 --cgroup busy
	hull delete --force "$ID"
	assert_nothing_left
}
