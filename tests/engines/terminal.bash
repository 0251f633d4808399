# shellcheck shell=bash
# An engine's command line on a terminal, as typed by a user: expect plays the terminal.

# on_terminal ENGINE SCRIPT: expect's script; "start ARGUMENT..." runs the function ENGINE (and what
# it calls: $ENGINE_FUNCTIONS) on a terminal of 33 rows and 77 columns, "finish" waits for its end
# and leaves its exit code as ours; "expected TEXT" and "resized" ask for what is to be seen.
# On a busy machine an engine may lose what is printed before it is attached: a program first reads a
# line, which "start" does not send, and a shell that "prompt" waits for is asked for another prompt.
on_terminal() {
	# shellcheck disable=SC2086 # names of functions
	declare -f "$1" ${ENGINE_FUNCTIONS-} >engine.sh
	cat >terminal.exp <<'EOT'
set timeout $env(ENGINE_TIMEOUT)
proc start {args} {
	global spawn_id slave env
	spawn -noecho bash -c {source ./engine.sh; stty rows 33 cols 77; "$@"} bash $env(ENGINE) {*}$args
	set slave $spawn_out(slave,name)
}
proc finish {} {
	expect eof
	lassign [wait] pid id failed code
	exit $code
}
proc expected {text} {
	expect {
		-ex $text {}
		timeout { puts "never seen: $text"; exit 99 }
		eof { puts "ended before: $text"; exit 98 }
	}
}
proc prompt {} { again "\r" "#" }
# What is typed may also arrive before somebody is there to understand it.
proc again {keys text} {
	for {set n 0} {$n < 60} {incr n} {
		expect {
			-timeout 2
			-ex $text { return }
			timeout { send $keys }
			eof { puts "ended before: $text"; exit 98 }
		}
	}
	puts "never seen: $text"
	exit 99
}
# ^C reaches the job in the foreground, and the shell goes on.
proc interrupted {} {
	send "sh -c 'trap \"echo cau''ght; exit\" INT; echo go''es; while :; do sleep 0.1; done'\r"
	expected goes
	send "\003"
	expected caught
}
# The shell inside sees another number of rows. Again and again: an engine that has just shown the
# first prompt may not follow the size yet. One number only: expect sets each by a call of its own.
proc resized {} {
	global spawn_id slave
	for {set rows 40} {$rows < 60} {incr rows} {
		stty rows $rows < $slave
		after 300
		send "stty size\r"
		expect {
			-timeout 2
			-ex "$rows 77" { return }
			timeout {}
			eof { puts "ended before: $rows 77"; exit 98 }
		}
	}
	puts "never resized"
	exit 99
}
EOT
	cat - <<<"$2" >>terminal.exp
	ENGINE=$1 TERM=xterm try expect terminal.exp
	output=${output//$'\r'/}
}
