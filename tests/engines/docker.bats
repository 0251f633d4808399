#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Docker: run, exec, the life of a container, terminals.

load docker
load terminal

# ---- run -------------------------------------------------------------------------------------

# bats test_tags=smoke
@test "docker run: a Debian container prints to both streams and leaves nothing" {
	run_script '. /etc/os-release; echo "$ID $VERSION_ID"; echo err >&2'
	assert_ok
	assert_output "debian 13"
	assert_eq "$stderr" err
	assert_nothing_left
}

@test "docker run: standard input, and a large output" {
	seq 1 100000 >input
	INPUT=input run_script --interactive cat
	assert_ok
	assert_eq "$(cksum <<<"$output")" "$(cksum <input)"
	INPUT=input run_script cat
	assert_output ''
}

# bats test_tags=smoke
@test "docker run: the exit code is the container's" {
	local code
	for code in 0 7 125 255; do
		run_script "exit $code"
		assert_status "$code"
	done
	run_script --pid host 'kill -SEGV $$'
	assert_status 139
}

# bats test_tags=smoke
@test "docker run: 127 for a command that is not there, 126 for one that cannot be executed" {
	local program code
	while read -r code program; do
		try docker run --rm debian "$program"
		assert_status "$code"
		[[ $stderr == *"$program"* ]] || report "message"
	done <<-'EOT'
		127 nonexistent
		127 /no/such/program
		126 /etc/passwd
		126 /etc
	EOT
	try docker run --rm --entrypoint nonexistent debian
	assert_status 127
	assert_nothing_left
}

@test "docker run: 125 where Docker or the runtime cannot, with the runtime's message" {
	try docker run --rm --no-such-option debian true
	assert_status 125
	# The kernel refuses the value: only the runtime can know.
	try docker run --rm --network none --sysctl net.ipv4.ip_forward=many debian true
	[[ $status -ne 0 && $stderr == *"runtime create failed"*ip_forward* ]] || report "message"
	assert_nothing_left
}

@test "docker run: environment, working directory, entrypoint, user, hostname" {
	run_script --env A='b c' --env EMPTY= --hostname box '
		echo "$A|$EMPTY|$HOME|$HOSTNAME|$(cat /etc/hostname)"'
	assert_output 'b c||/root|box|box'
	run_script --workdir /usr/share pwd
	assert_output /usr/share
	run_script --workdir /made/here pwd
	assert_output /made/here
	try docker run --rm --entrypoint bash debian -c 'printf "<%s>\n" "$@"; sleep 0.2' bash 'a b' '' '*'
	assert_output $'<a b>\n<>\n<*>'
	run_script --user 1000:100 --group-add 2000 'id -u; id -g; id -G'
	assert_output $'1000\n100\n100 2000'
	run_script --user nobody 'id -un; grep ^CapEff: /proc/self/status'
	assert_output $'nobody\nCapEff:\t0000000000000000'
}

@test "docker run: --detach, logs, wait" {
	docker run --detach --name "$C" --network none debian sh -c "$LINGER; echo out; echo err >&2; exit 9" >/dev/null
	try docker wait "$C"
	assert_output 9
	try docker logs "$C"
	assert_output out
	assert_eq "$stderr" err
}

@test "docker run: logs --follow ends with the container" {
	docker run --detach --name "$C" --network none debian sh -c 'for n in 1 2 3; do echo $n; sleep 0.2; done' >/dev/null
	try docker logs --follow "$C"
	assert_output $'1\n2\n3'
}

@test "docker run: --init reaps orphans and passes signals on" {
	docker run --detach --name "$C" --network none --init debian sh -c \
		'trap "echo caught; sleep 0.2; exit 5" TERM; (sleep 0.1 & exit); echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	exec_script 'cat /proc/1/comm'
	[[ $output == *init* ]] || report "process 1"
	docker stop "$C" >/dev/null
	assert_exited 5
	in_logs caught
}

@test "docker run: signals sent to docker run reach the container" {
	timeout 60 docker --host "unix://$DOCKER/socket" run --name "$C" --network none debian sh -c \
		'trap "exit 21" HUP; echo ready; while :; do sleep 1000 & wait $!; done' >out 2>&1 </dev/null 3>&- 4>&- &
	local client=$! code=0
	wait_until has_text ready out
	pkill -HUP -P "$client"
	wait "$client" || code=$?
	assert_eq "$code" 21
}

@test "docker run: eight at once" {
	local n pids=() failed=0
	for n in {0..7}; do
		# Docker waits two seconds for what an ended container has printed: not enough on a busy machine.
		docker run --rm --network none --memory 64m debian sh -c "echo number $n; sleep 1; exit $n" \
			>"out$n" 2>"err$n" </dev/null &
		pids+=($!)
	done
	for n in {0..7}; do
		local code=0
		wait "${pids[n]}" || code=$?
		[[ $code == "$n" && $(<"out$n") == "number $n" ]] || {
			failed=1
			echo "container $n: exit code $code: $(cat "out$n" "err$n")"
		}
	done
	assert_eq "$failed" 0
	assert_nothing_left
}

# ---- exec ------------------------------------------------------------------------------------

# bats test_tags=smoke
@test "docker exec: prints, and its exit code is the process's" {
	run_sleeper
	exec_script 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output out
	assert_eq "$stderr" err
	try docker exec "$C" sh -c 'kill -KILL $$'
	assert_status 137
	seq 1 20000 >input
	INPUT=input exec_script --interactive cat
	assert_eq "$(cksum <<<"$output")" "$(cksum <input)"
}

@test "docker exec: a command that is not there or cannot be executed" {
	run_sleeper
	local program
	# Docker 26 makes 126 of both, later ones 127 of the first two, by the same words.
	for program in nonexistent /no/such/program /etc/passwd /etc; do
		try docker exec "$C" "$program"
		[[ $status -eq 126 || ($status -eq 127 && $program == n* || $program == /no/*) ]] || report "exit code"
		[[ $stderr$output == *"$program"* ]] || report "message"
	done
	try docker exec --workdir /no/such "$C" pwd
	[[ $status -ne 0 ]] || report "a working directory that is not there"
	try docker exec --user no-such-user "$C" id
	[[ $status -ne 0 ]] || report "a user that is not there"
	assert_eq "$(status_of)" running
}

@test "docker exec: --user, --workdir, --env, --detach, --privileged" {
	run_sleeper --env KEPT=kept
	exec_script --user 1000:100 --workdir /usr --env A=b \
		'echo "$(id -u):$(id -g) $PWD $A $KEPT"; grep ^CapEff: /proc/self/status'
	assert_output $'1000:100 /usr b kept\nCapEff:\t0000000000000000'
	docker exec --detach "$C" sh -c 'sleep 0.2; touch /tmp/done'
	wait_until docker exec "$C" test -e /tmp/done
	exec_script --privileged 'grep ^CapBnd: /proc/self/status'
	assert_eq "${output##*$'\t'}" "$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)"
}

@test "docker exec: in the container's namespaces and control groups" {
	run_sleeper
	local first second type
	docker exec --detach "$C" sleep 4243
	first=$(pid_of)
	found() { second=$(pgrep -f '^sleep 4243$'); }
	wait_until found
	for type in mnt pid ipc uts net cgroup; do
		same_namespace $type "$first" "$second" || fail "another $type namespace"
	done
	assert_eq "$(sort "/proc/$first/cgroup")" "$(sort "/proc/$second/cgroup")"
}

@test "docker exec: not in a paused and not in a stopped container" {
	run_sleeper
	docker pause "$C" >/dev/null
	try docker exec "$C" true
	[[ $status -ne 0 && $stderr == *paused* ]] || report "exec in a paused container"
	docker unpause "$C" >/dev/null
	try docker exec "$C" true
	assert_ok
	docker stop "$C" >/dev/null
	try docker exec "$C" true
	[[ $status -ne 0 && $stderr == *"not running"* ]] || report "exec in a stopped container"
}

@test "docker exec: eight at once" {
	run_sleeper
	local n pids=() failed=0
	for n in {1..8}; do
		docker exec "$C" sh -c "$LINGER; echo $n; exit $n" >"out$n" 2>"err$n" </dev/null &
		pids[n]=$!
	done
	for n in {1..8}; do
		local code=0
		wait "${pids[n]}" || code=$?
		[[ $code == "$n" && $(<"out$n") == "$n" ]] || {
			failed=1
			echo "exec $n: exit code $code: $(cat "out$n" "err$n")"
		}
	done
	assert_eq "$failed" 0
}

@test "docker exec: ends with the container" {
	run_sleeper
	docker exec "$C" sleep 1234 </dev/null >/dev/null 2>&1 &
	local exec=$! code=0
	in_top() { docker top "$C" -eo pid,args | grep -q 'sleep 1234'; }
	wait_until in_top
	docker kill "$C" >/dev/null
	wait "$exec" || code=$?
	assert_eq "$code" 137
}

# ---- life ------------------------------------------------------------------------------------

assert_has_frozen() {
	[[ $(cat "$(cgroup_dir "$1" freezer)/freezer.state" 2>/dev/null) == FROZEN ||
		$(cat "$(cgroup_dir "$1" -)/cgroup.freeze" 2>/dev/null) == 1 ]] || fail "$1 is not frozen"
}

# bats test_tags=smoke
@test "docker: create, start, pause, unpause, stop, start again, restart, rm" {
	local pid
	docker create --name "$C" --network none debian sh -c \
		'trap "exit 4" TERM; while :; do sleep 1000 & wait $!; done' >/dev/null
	assert_eq "$(status_of)" created
	docker start "$C" >/dev/null
	pid=$(pid_of)
	wait_until catches_term "$pid"
	assert_eq "$(status_of)" running
	docker pause "$C" >/dev/null
	assert_eq "$(status_of)" paused
	# By which of the two is the runtime's choice on a hybrid machine.
	assert_has_frozen "$pid"
	docker unpause "$C" >/dev/null
	docker stop "$C" >/dev/null
	assert_exited 4
	docker start "$C" >/dev/null
	[[ $(pid_of) != "$pid" ]]
	pid=$(pid_of)
	docker restart "$C" >/dev/null
	[[ $(pid_of) != "$pid" ]]
	docker rm --force "$C" >/dev/null
	assert_nothing_left
}

@test "docker stop: waits for the program, then kills; --stop-signal" {
	docker run --detach --name "$C" --network none debian sh -c \
		'trap "echo ignored" TERM; echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	docker stop --time 1 "$C" >/dev/null
	in_logs ignored
	assert_exited 137
	docker rm "$C" >/dev/null
	docker run --detach --name "$C" --network none --stop-signal USR1 debian sh -c \
		'trap "exit 6" USR1; echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	docker stop "$C" >/dev/null
	assert_exited 6
}

@test "docker kill: 137, and with a signal; not what is not running" {
	run_sleeper
	docker kill "$C" >/dev/null
	assert_exited 137
	try docker kill "$C"
	[[ $status -ne 0 && $stderr == *"not running"* ]] || report "message"
	docker rm "$C" >/dev/null
	docker run --detach --name "$C" --network none debian sh -c \
		'trap "echo got it; sleep 0.2; exit 8" USR2; echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	docker kill --signal USR2 "$C" >/dev/null
	assert_exited 8
	in_logs 'got it'
}

@test "docker kill: of a paused one; rm --force of a paused one" {
	run_sleeper
	docker pause "$C" >/dev/null
	docker kill "$C" >/dev/null
	assert_exited 137
	docker rm "$C" >/dev/null
	run_sleeper
	docker pause "$C" >/dev/null
	docker rm --force "$C" >/dev/null
	assert_nothing_left
}

@test "docker: a container that is killed from outside, with all of its processes" {
	local child
	docker run --detach --name "$C" --network none debian sh -c 'setsid sleep 4244 & sleep 1000' >/dev/null
	found() { child=$(pgrep -f '^sleep 4244$'); }
	wait_until found
	kill -KILL "$(pid_of)"
	assert_exited 137
	wait_until is_gone "$child"
}

@test "docker: --restart on-failure, and always" {
	docker run --detach --name "$C" --network none --restart on-failure:2 debian sh -c 'echo again; sleep 0.2; exit 3' >/dev/null
	restarted() { [[ $(inspect .RestartCount) == 2 && $(status_of) == exited ]]; }
	wait_until restarted
	assert_eq "$(docker logs "$C" | grep -c again)" 3
	docker rm "$C" >/dev/null
	run_sleeper --restart always
	kill -KILL "$(pid_of)"
	restarted() { [[ $(inspect .RestartCount) == 1 && $(status_of) == running ]]; }
	wait_until restarted
}

@test "docker: --restart of a command that is not there does not go on forever" {
	try docker run --detach --name "$C" --network none --restart always debian nonexistent
	assert_status 127
	assert_eq "$(inspect .RestartCount)" 0
}

@test "docker: healthcheck by exec" {
	run_sleeper --health-cmd 'test -e /tmp/healthy' --health-interval 100ms --health-retries 1
	healthy() { [[ $(inspect .State.Health.Status) == "$1" ]]; }
	wait_until healthy unhealthy
	docker exec "$C" touch /tmp/healthy
	wait_until healthy healthy
}

@test "docker top, stats, inspect and ps tell the truth" {
	run_sleeper --memory 64m --pids-limit 30
	docker exec --detach "$C" sleep 4245
	in_top() { docker top "$C" -eo pid,args | grep -q "$1"; }
	wait_until in_top 'sleep 4245'
	in_top "^ *$(pid_of) "
	try docker stats --no-stream --format '{{.MemUsage}} {{.PIDs}}' "$C"
	[[ $output == *" / 64MiB 3" ]] || report "stats"
	assert_eq "$(docker ps --format '{{.Names}} {{.State}}')" "$C running"
	assert_eq "$(inspect .HostConfig.Runtime)" hull
}

@test "docker cp: into and out of a running one" {
	run_sleeper
	echo content >file
	docker cp --quiet file "$C:/tmp/file"
	exec_script 'cat /tmp/file'
	assert_output content
	docker cp --quiet "$C:/etc/debian_version" back
	[[ $(<back) == 13* ]]
}

# ---- terminals -------------------------------------------------------------------------------

# bats test_tags=smoke
@test "docker terminal: run -it has one, of the user's size" {
	on_terminal docker 'start run --rm -it --network none debian sh -c {tty; stty size; sleep 0.2; exit 7}
		finish'
	assert_status 7
	assert_line /dev/pts/0 '33 77'
}

@test "docker terminal: a shell, ^C, its exit code" {
	on_terminal docker 'start run --rm -it --network none debian bash --norc
		prompt
		send "echo \$((40 + 2)) \$TERM\r"
		expected "42 xterm"
		interrupted
		send "exit 9\r"
		finish'
	assert_status 9
}

@test "docker terminal: its size follows the user's" {
	on_terminal docker 'start run --rm -it --network none debian bash --norc
		prompt
		resized
		send "exit\r"
		finish'
	assert_status 0
}

@test "docker terminal: exec -it, as a user, with a code" {
	run_sleeper
	on_terminal docker "start exec -it $C"' sh -c {tty; until stty size | grep 33; do sleep 0.1; done; cat; exit 6}
		expected "33 77"
		send "typed\r"
		expected typed
		send "\004"
		finish'
	assert_status 6
	on_terminal docker "start exec -it --user nobody $C"' sh -c {stat -c %U $(tty); echo x >$(tty) && echo written; sleep 0.2}
		finish'
	assert_status 0
	assert_line nobody written
	on_terminal docker "start exec -it $C nonexistent
		finish"
	[[ $status -eq 126 || $status -eq 127 ]] || report "exit code"
	assert_has nonexistent
}

@test "docker terminal: attach, detach with ^P ^Q, attach again" {
	docker run --detach -it --name "$C" --network none debian bash --norc >/dev/null
	on_terminal docker "start attach $C"'
		send "echo fi\"rst\"\r"
		expected first
		send "\020\021"
		finish'
	assert_eq "$(status_of)" running
	on_terminal docker "start attach $C"'
		send "exit 11\r"
		finish'
	assert_status 11
}
