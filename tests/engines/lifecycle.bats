#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# A container's life through Podman: create, start, pause, stop, kill, restart, rm.

load podman

# bats test_tags=smoke
@test "life: create, start, pause, unpause, stop, start again, rm" {
	local pid before
	podman create --name "$C" debian sh -c \
		'trap "exit 4" TERM; n=0; while :; do n=$((n + 1)); echo $n >/tmp/n; sleep 0.02; done' >/dev/null
	assert_eq "$(status_of)" created
	podman start "$C" >/dev/null
	assert_eq "$(status_of)" running
	pid=$(pid_of)
	wait_until test -s "/proc/$pid/root/tmp/n"
	podman pause "$C" >/dev/null
	assert_eq "$(status_of)" paused
	before=$(cat "/proc/$pid/root/tmp/n")
	nap 0.2
	assert_eq "$(cat "/proc/$pid/root/tmp/n")" "$before"
	podman unpause "$C" >/dev/null
	assert_eq "$(status_of)" running
	moved_on() { [[ $(cat "/proc/$pid/root/tmp/n") != "$before" ]]; }
	wait_until moved_on
	podman stop "$C" >/dev/null
	assert_exited 4
	is_gone "$pid"
	podman start "$C" >/dev/null
	assert_eq "$(status_of)" running
	[[ $(pid_of) != "$pid" ]]
	podman rm --force --time 0 "$C" >/dev/null
	assert_nothing_left
}

@test "life: created and never started" {
	podman create --name "$C" debian true >/dev/null
	podman rm "$C" >/dev/null
	assert_nothing_left
	# init makes the container and leaves its program waiting.
	podman create --name "$C" debian touch /tmp/ran >/dev/null
	podman init "$C" >/dev/null
	assert_eq "$(status_of)" initialized
	[[ ! -e /proc/$(pid_of)/root/tmp/ran ]]
	podman start --attach "$C"
	assert_exited 0
	podman rm "$C" >/dev/null
	podman create --name "$C" debian true >/dev/null
	podman init "$C" >/dev/null
	podman rm --force "$C" >/dev/null
	assert_nothing_left
}

@test "life: start --attach gives output and exit code, twice" {
	podman create --name "$C" debian sh -c 'echo once >>/count; sleep 0.3; wc -l </count; exit 6' >/dev/null
	try podman start --attach "$C"
	assert_status 6
	assert_output 1
	try podman start --attach "$C"
	assert_status 6
	assert_output 2
}

@test "life: restart" {
	run_sleeper
	local pid
	pid=$(pid_of)
	podman restart "$C" >/dev/null
	assert_eq "$(status_of)" running
	[[ $(pid_of) != "$pid" ]]
	is_gone "$pid"
}

@test "life: --restart on-failure" {
	podman run --detach --name "$C" --restart on-failure:2 debian \
		sh -c 'echo run >>/runs; [ "$(wc -l </runs)" = 3 ] && sleep 1000; exit 1' >/dev/null
	third() { [[ $(inspect .RestartCount) == 2 && $(status_of) == running ]]; }
	wait_until third
	assert_eq "$(podman exec "$C" wc -l /runs)" '3 /runs'
}

@test "life: stop waits for the program, then kills" {
	podman run --detach --name "$C" debian sh -c 'trap "" TERM; echo ready; while :; do sleep 1; done' >/dev/null
	wait_until in_logs ready
	try podman stop --time 1 "$C"
	assert_ok
	assert_exited 137
}

@test "life: --stop-signal" {
	podman run --detach --name "$C" --stop-signal USR1 debian \
		sh -c 'trap "exit 11" USR1; echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	podman stop "$C" >/dev/null
	assert_exited 11
}

@test "life: kill with a signal" {
	podman run --detach --name "$C" debian \
		sh -c 'trap "echo hup" HUP; echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	podman kill --signal HUP "$C" >/dev/null
	wait_until in_logs hup
	assert_eq "$(status_of)" running
	podman kill "$C" >/dev/null
	assert_eq "$(podman wait "$C")" 137
	try podman kill "$C"
	[[ $status -ne 0 ]] || report "killed twice"
}

@test "life: signals sent to podman run reach the container" {
	podman run --rm --name "$C" debian \
		sh -c 'trap "echo caught; exit 12" USR2; echo ready; while :; do sleep 1000 & wait $!; done' \
		>out 2>&1 </dev/null &
	local job=$! code=0
	wait_until in_logs ready
	# The function's timeout(1) stands between this shell and Podman.
	kill -USR2 "$(pgrep -x podman -P "$(pgrep -d, -P "$job")" || pgrep -x podman -P "$job")"
	wait "$job" || code=$?
	assert_eq "$code" 12
	grep -qx caught out
}

@test "life: rm of a running and of a paused one" {
	run_sleeper
	try podman rm "$C"
	[[ $status -ne 0 ]] || report "a running container was removed without --force"
	podman pause "$C" >/dev/null
	try podman rm --force --time 0 "$C"
	assert_ok
	assert_nothing_left
	run_sleeper
	podman exec --detach "$C" sleep 1000
	podman rm --force --time 0 "$C" >/dev/null
	assert_nothing_left
}

@test "life: stop and kill of a paused one" {
	run_sleeper
	podman pause "$C" >/dev/null
	podman kill "$C" >/dev/null 2>&1 || podman unpause "$C" >/dev/null
	podman stop --time 0 "$C" >/dev/null
	wait_until has_status exited
}

@test "life: a container that is killed from outside" {
	run_sleeper
	kill -KILL "$(pid_of)"
	assert_eq "$(podman wait "$C")" 137
	wait_until has_status exited
	podman start "$C" >/dev/null
	assert_eq "$(status_of)" running
}

@test "life: children do not outlive the first process" {
	podman run --rm --name "$C" debian sh -c 'setsid sleep 31337 & exit 0'
	! pgrep -f 'sleep 31337' || fail "a child outlived the container"
	podman run --rm --name "$C" --pid host debian sh -c 'setsid sleep 31337 & exit 0'
	gone() { ! pgrep -f 'sleep 31337' >/dev/null; }
	wait_until gone
}

@test "life: inspect, ps and top tell the truth" {
	run_sleeper --memory 64m
	assert_eq "$(inspect .OCIRuntime)" "$HULL"
	assert_eq "$(podman ps --format '{{.Names}} {{.State}}')" "$C running"
	grep -q "libpod-$(inspect .Id)" "/proc/$(pid_of)/cgroup"
	try podman top "$C" pid hpid user args
	assert_has "1" "$(pid_of)" root 'sleep 1000'
	# Options of ps make Podman look into the container.
	try podman top "$C" -eo pid,args
	assert_has 'sleep 1000'
}

@test "life: events in their order" {
	podman run --name "$C" debian true
	podman rm "$C" >/dev/null
	try podman events --stream=false --filter container="$C" --format '{{.Status}}'
	assert_eq "$(grep -v pull <<<"$output" | xargs)" 'create init start attach died remove' ||
		assert_has create init start died remove
}

@test "life: logs, with --follow" {
	podman run --detach --name "$C" debian sh -c 'for n in 1 2 3; do echo $n; sleep 0.1; done' >/dev/null
	try podman logs --follow "$C"
	assert_output $'1\n2\n3'
	try podman logs --tail 1 "$C"
	assert_output 3
}

@test "life: cp into and out of a running and a stopped one" {
	run_sleeper
	mkdir dir
	echo in >dir/file
	podman cp dir "$C:/srv"
	try podman exec "$C" cat /srv/dir/file
	assert_output in
	podman exec "$C" sh -c 'echo out >/srv/dir/file'
	podman cp "$C:/srv/dir/file" back
	assert_eq "$(<back)" out
	podman stop "$C" >/dev/null
	podman cp "$C:/srv/dir/file" back2
	assert_eq "$(<back2)" out
}

@test "life: diff and commit see what was written" {
	podman run --name "$C" debian sh -c 'echo new >/srv/new; rm /etc/debian_version'
	try podman diff "$C"
	assert_line 'A /srv/new' 'D /etc/debian_version'
	podman commit --quiet "$C" changed >/dev/null
	try podman run --rm changed cat /srv/new
	assert_output new
	podman rm "$C" >/dev/null
	podman rmi changed >/dev/null
}

@test "life: attach to a running one" {
	podman run --detach --interactive --name "$C" debian sh -c 'while read -r line; do echo "got $line"; done; exit 8' >/dev/null
	echo hello >input
	INPUT=input try podman attach "$C"
	assert_has 'got hello'
	podman wait "$C" >/dev/null
	assert_exited 8
}
