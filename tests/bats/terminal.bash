# shellcheck shell=bash
# For the tests that need a terminal: an engine's console socket, and a user's terminal.

# console_listen [OPTION...]: recvtty.py on $CONSOLE; what the container writes goes to $TTY_OUT.
console_listen() {
	CONSOLE=$BATS_TEST_TMPDIR/console.sock
	TTY_OUT=$BATS_TEST_TMPDIR/tty.out
	rm -f "$CONSOLE"
	"$PYTHON" "$BATS_TEST_DIRNAME/recvtty.py" "$CONSOLE" "$@" \
		>"$TTY_OUT" 2>"$TTY_OUT.err" </dev/null 3>&- 4>&- &
	CONSOLE_PID=$!
	wait_until test -S "$CONSOLE"
}

# console_output: everything that was written to the terminal until the container closed it.
console_output() {
	wait_until is_gone "$CONSOLE_PID"
	! grep -E '^recvtty|^Traceback' "$TTY_OUT.err" >&2 || return
	tr -d '\r' <"$TTY_OUT"
}

# on_terminal [--input TEXT] [--size ROWSxCOLUMNS] ARG...: hull as typed by a user at a terminal;
# $status, and in $output what the user would see.
on_terminal() {
	local options=()
	while [[ $1 == --input || $1 == --size ]]; do
		options+=("$1" "$2")
		shift 2
	done
	try "$PYTHON" "$BATS_TEST_DIRNAME/runtty.py" ${options[@]+"${options[@]}"} \
		env "$MARK" timeout --foreground -s KILL "$HULL_TIMEOUT" "$HULL" --root "$STATE" "$@" \
		3>&- 4>&-
	output=${output//$'\r'/}
}
