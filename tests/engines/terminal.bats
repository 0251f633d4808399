#!/usr/bin/env bats
# shellcheck disable=SC2034,SC2016 # $names in single quotes are the container's own
# podman run -it and exec -it as typed by a user: expect plays the terminal.

load podman
load terminal

ENGINE_FUNCTIONS=podman_with_descriptors

# bats test_tags=smoke
@test "terminal: run -it has one, of the user's size" {
	on_terminal podman 'start run --rm -it debian sh -c {read -r line; tty; test -t 0 && test -t 1 && test -t 2 && stty size; exit 7}
		send "\r"
		finish'
	assert_status 7
	assert_line /dev/pts/0 '33 77'
}

@test "terminal: a shell with what is typed, and its exit code" {
	on_terminal podman 'start run --rm -it debian bash --norc
		prompt
		send "echo \$((40 + 2)) \$TERM\r"
		expected "42 xterm"
		send "exit 9\r"
		finish'
	assert_status 9
}

@test "terminal: ^C is a signal, ^D is the end" {
	on_terminal podman 'start run --rm -it debian sh -c {
			read -r line; trap "echo interrupted; seen=1" INT; echo ready
			until [ "$seen" ]; do sleep 0.1; done; cat; exit 5}
		send "\r"
		expected ready
		send "\003"
		expected interrupted
		send "typed\r"
		expected typed
		send "\004"
		finish'
	assert_status 5
}

@test "terminal: ^C ends a program without a handler" {
	on_terminal podman 'start run --rm -it --init debian sh -c {read -r line; echo ready; exec sleep 1000}
		send "\r"
		expected ready
		send "\003"
		finish'
	assert_status 130
}

@test "terminal: ^Z stops a job of the shell in it, jobs can be continued" {
	on_terminal podman 'start run --rm -it debian bash --norc
		prompt
		send "sleep 1000\r"
		again "\032" Stopped
		send "bg; kill %1; wait; echo do\"ne\"\r"
		expected done
		send "exit 0\r"
		finish'
	assert_status 0
}

@test "terminal: its size follows the user's" {
	on_terminal podman 'start run --rm -it debian bash --norc
		prompt
		resized
		send "exit 0\r"
		finish'
	assert_status 0
}

@test "terminal: detach with ^P ^Q and attach again" {
	on_terminal podman "start run -it --name $C debian bash --norc"'
		prompt
		send "echo be\"fore\"\r"
		expected before
		# Podman knows them only as keys that arrive one after the other.
		for {set n 0} {$n < 20} {incr n} {
			send "\020"
			after 500
			send "\021"
			expect {
				-timeout 3
				eof break
				timeout {}
			}
		}
		wait'"
		start attach $C"'
		send "\025echo af\"ter\"\r"
		expected after
		send "exit 3\r"
		finish'
	assert_has after
	assert_eq "$(podman wait "$C")" 3
}

@test "terminal: exec -it" {
	run_sleeper
	on_terminal podman "start exec -it $C"' sh -c {tty; until stty size | grep 33; do sleep 0.1; done; cat; exit 6}
		expected "33 77"
		send "typed\r"
		expected typed
		send "\004"
		finish'
	assert_status 6
	assert_line /dev/pts/0
	on_terminal podman "start exec -it $C"' nonexistent
		finish'
	assert_status 127
}

@test "terminal: exec -it as a user owns it" {
	run_sleeper
	on_terminal podman "start exec -it --user nobody $C"' sh -c {stat -c %U $(tty); echo x >$(tty) && echo written}
		finish'
	assert_ok
	assert_line nobody written
}

@test "terminal: run -it in a user namespace" {
	on_terminal podman 'start run --rm -it --uidmap 0:100000:65536 debian sh -c {read -r line; stat -c %u $(tty); stty size}
		send "\r"
		finish'
	assert_ok
	assert_line 0 '33 77'
}

@test "terminal: -t without anybody at it" {
	try podman run --rm --tty debian sh -c 'test -t 1 && tty'
	assert_ok
	assert_has /dev/pts/0
	podman run --detach --tty --name "$C" debian sh -c 'tty; exit 4' >/dev/null
	assert_eq "$(podman wait "$C")" 4
	in_logs /dev/pts/0
}

@test "terminal: /dev/console is it" {
	on_terminal podman 'start run --rm -it debian sh -c {read -r line; echo on console >/dev/console; test -c /dev/console}
		send "\r"
		finish'
	assert_ok
	assert_has 'on console'
}
