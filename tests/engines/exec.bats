#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# podman exec: a second process in a running container.

load podman

# bats test_tags=smoke
@test "exec: prints, and its exit code is the process's" {
	run_sleeper
	try podman exec "$C" sh -c 'echo out; echo err >&2; exit 7'
	assert_status 7
	assert_output out
	assert_eq "$stderr" err
	try podman exec "$C" true
	assert_status 0
	try podman exec "$C" sh -c 'kill -KILL $$'
	assert_status 137
}

@test "exec: 127 and 126, as run" {
	run_sleeper
	try podman exec "$C" nonexistent
	assert_status 127
	[[ $stderr == *nonexistent* ]] || report "message"
	try podman exec "$C" /etc/passwd
	assert_status 126
	assert_eq "$(status_of)" running
}

@test "exec: in the container's namespaces and control groups" {
	run_sleeper
	local first second type
	podman exec --detach "$C" sleep 4242
	first=$(pid_of)
	found() { second=$(pgrep -f '^sleep 4242$'); }
	wait_until found
	for type in mnt pid ipc uts net cgroup; do
		same_namespace $type "$first" "$second" || fail "another $type namespace"
	done
	assert_eq "$(sort "/proc/$first/cgroup")" "$(sort "/proc/$second/cgroup")"
}

@test "exec: --user, --workdir, --env" {
	run_sleeper --env KEPT=kept
	try podman exec --user 1000:100 --workdir /usr --env A=b "$C" \
		sh -c 'echo "$(id -u):$(id -g) $PWD $A $KEPT"'
	assert_output '1000:100 /usr b kept'
	try podman exec --user nobody "$C" id -un
	assert_output nobody
	try podman exec --workdir /no/such "$C" pwd
	[[ $status -ne 0 ]] || report "a working directory that is not there"
	try podman exec --user no-such-user "$C" id
	[[ $status -ne 0 ]] || report "a user that is not there"
}

@test "exec: standard input" {
	run_sleeper
	seq 1 50000 >input
	INPUT=input try podman exec --interactive "$C" cat
	assert_ok
	assert_eq "$(cksum <<<"$output")" "$(cksum <input)"
}

@test "exec: --detach returns, the process stays" {
	run_sleeper
	podman exec --detach "$C" sh -c 'sleep 0.3; touch /tmp/done; exec sleep 1234' >/dev/null
	wait_until podman exec "$C" test -e /tmp/done
	in_top() { podman top "$C" pid,args | grep -q 'sleep 1234'; }
	in_top
}

@test "exec: has no more rights than the container, --privileged has" {
	run_sleeper --cap-drop all --security-opt no-new-privileges
	try podman exec "$C" grep -E '^(CapEff|CapBnd|Seccomp|NoNewPrivs):' /proc/self/status
	assert_output $'CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2'
	try podman exec --privileged "$C" grep '^CapEff:' /proc/self/status
	[[ $output != *0000000000000000 ]] || report "no capabilities"
}

@test "exec: a user has no capabilities" {
	run_sleeper
	try podman exec --user 1000 "$C" grep -E '^Cap(Inh|Prm|Eff|Amb):' /proc/self/status
	assert_eq "$(cut -f2 <<<"$output" | sort -u)" 0000000000000000
}

@test "exec: twelve at once" {
	run_sleeper
	local n pids=() failed=0
	for n in {1..12}; do
		podman exec "$C" sh -c "echo $n; exit $n" >"out$n" 2>"err$n" </dev/null &
		pids[n]=$!
	done
	for n in {1..12}; do
		local code=0
		wait "${pids[n]}" || code=$?
		[[ $code == "$n" && $(<"out$n") == "$n" ]] || {
			failed=1
			echo "exec $n: exit code $code: $(cat "out$n" "err$n")"
		}
	done
	assert_eq "$failed" 0
}

@test "exec: not in a paused and not in a stopped container" {
	run_sleeper
	podman pause "$C" >/dev/null
	try podman exec "$C" true
	[[ $status -ne 0 ]] || report "exec in a paused container"
	podman unpause "$C" >/dev/null
	try podman exec "$C" true
	assert_ok
	podman stop "$C" >/dev/null
	try podman exec "$C" true
	[[ $status -ne 0 ]] || report "exec in a stopped container"
}

@test "exec: ends with the container" {
	run_sleeper
	podman exec "$C" sleep 1234 </dev/null >/dev/null 2>&1 &
	local exec=$! code=0
	in_top() { podman top "$C" args | grep -q 'sleep 1234'; }
	wait_until in_top
	podman kill "$C" >/dev/null
	wait "$exec" || code=$?
	[[ $code -ne 0 ]]
}

@test "healthcheck: by exec" {
	run_sleeper --health-cmd 'test -e /tmp/healthy' --health-interval disable --health-retries 1
	try podman healthcheck run "$C"
	assert_status 1
	assert_eq "$(inspect .State.Health.Status)" unhealthy
	podman exec "$C" touch /tmp/healthy
	try podman healthcheck run "$C"
	assert_status 0
	assert_eq "$(inspect .State.Health.Status)" healthy
}

@test "healthcheck: a command that is not there, one that is too slow" {
	run_sleeper --health-cmd 'CMD nonexistent' --health-interval disable --health-retries 1
	try podman healthcheck run "$C"
	[[ $status -ne 0 ]] || report "healthy"
	podman rm --force --time 0 "$C" >/dev/null
	run_sleeper --health-cmd 'sleep 1000' --health-timeout 1s --health-interval disable
	try podman healthcheck run "$C"
	[[ $status -ne 0 ]] || report "healthy"
}
