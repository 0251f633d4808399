#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# podman run: what goes in, what comes out, and with which exit code.

load podman
load documented

# bats test_tags=smoke
@test "run: a Debian container prints to both streams and leaves nothing" {
	try podman run --rm debian sh -c '. /etc/os-release; echo "$ID $VERSION_ID"; echo err >&2'
	assert_ok
	assert_output "debian 13"
	assert_eq "$stderr" err
	try podman ps --all --quiet
	assert_output ''
	assert_nothing_left
}

@test "run: in the group that Podman chooses by itself" {
	local group
	ENGINES_GROUP='' run_sleeper
	group=$(cgroup_dir "$(pid_of)" "$([[ $CGROUP_MODE == v2 ]] || echo memory)")
	[[ $group == /sys/fs/cgroup*/libpod_parent/libpod-$(inspect .Id) ]] || fail "in $group"
	podman rm --force --time 0 "$C"
	[[ ! -e $group ]] || fail "$group is left"
}

@test "run: with the vfs storage driver" {
	# shellcheck disable=SC2034 # for the function podman
	local STORE=$STORE/vfs DRIVER=vfs
	mkdir "$STORE"
	store_configure >"$STORE/containers.conf"
	podman import --quiet "$("$ENGINES/../lab/image")" debian >/dev/null
	try podman run --rm --read-only debian cat /etc/debian_version
	assert_ok
	[[ $output == 13* ]] || report "not Debian 13"
	podman rmi --force debian >/dev/null
}

@test "run: standard input" {
	printf 'one\ntwo\n' >input
	INPUT=input try podman run --rm --interactive debian cat
	assert_ok
	assert_output $'one\ntwo'
}

@test "run: without --interactive there is no input" {
	echo secret >input
	INPUT=input try podman run --rm debian cat
	assert_ok
	assert_output ''
}

@test "run: a large output arrives whole" {
	try podman run --rm debian seq 1 200000
	assert_ok
	assert_eq "$(cksum <<<"$output")" "$(seq 1 200000 | cksum)"
}

@test "run: the exit code is the container's" {
	local code
	for code in 0 3 125 255; do
		try podman run --rm debian sh -c "exit $code"
		assert_status "$code"
	done
}

@test "run: a signal is 128 + its number" {
	# The first process of a PID namespace gets no signal from itself.
	run_script --pid host 'kill -SEGV $$'
	assert_status 139
	run_script --pid host 'kill -KILL $$'
	assert_status 137
}

# bats test_tags=smoke
@test "run: 127 for a command that is not there, 126 for one that cannot be executed" {
	try podman run --rm debian nonexistent
	assert_status 127
	[[ $stderr == *nonexistent*"executable file not found in \$PATH"* ]] || report "message"
	try podman run --rm debian /no/such/program
	assert_status 127
	[[ $stderr == */no/such/program* ]] || report "message"
	try podman run --rm debian /etc/passwd
	assert_status 126
	[[ ${stderr,,} == */etc/passwd*"permission denied"* ]] || report "message"
	try podman run --rm debian /etc
	assert_status 126
	[[ ${stderr,,} == */etc*"is a directory"* ]] || report "message"
	assert_nothing_left
}

@test "run: a script whose interpreter is not there" {
	printf '#!/no/such/interpreter\n' >script
	chmod +x script
	try podman run --rm --volume "$PWD/script:/script" debian /script
	# start can fail only when the program is executed: Podman then answers by the message.
	[[ $status -eq 127 || $status -eq 126 ]] || report "exit code"
	[[ $stderr == */script* ]] || report "message"
}

@test "run: 125 where Podman or the runtime cannot" {
	try podman run --rm --no-such-option debian true
	assert_status 125
	try podman run --rm --pull never no-such-image true
	assert_status 125
	RUNTIME=/no/such/runtime try podman run --rm debian true
	assert_status 125
}

@test "run: an error of the runtime arrives in Podman's message, as text and as JSON" {
	# The kernel refuses the value: only the runtime can know.
	try podman run --rm --sysctl net.ipv4.ip_forward=many debian true
	[[ $status -ne 0 && $stderr == *ip_forward* ]] || report "message"
	{
		store_configure
		printf 'runtime_supports_json = ["%s"]\n' "${HULL##*/}"
	} >json.conf
	CONF=$PWD/json.conf try podman run --rm --sysctl net.ipv4.ip_forward=many debian true
	[[ $status -ne 0 && $stderr == *ip_forward* ]] || report "message"
	CONF=$PWD/json.conf try podman run --rm debian nonexistent
	assert_status 127
	assert_nothing_left
}

@test "run: hull by its name in containers.conf, as documented" {
	documented containers.conf >named.conf
	CONTAINERS_CONF=$PWD/named.conf RUNTIME=hull try podman run --rm debian echo hello
	assert_ok
	assert_output hello
	CONTAINERS_CONF=$PWD/named.conf RUNTIME=hull try podman info --format '{{.Host.OCIRuntime.Path}}'
	assert_output "$HULL"
	CONTAINERS_CONF=$PWD/named.conf RUNTIME=hull ENGINES_GROUP='' try podman run --rm --cgroups disabled debian echo hello
	assert_output hello
}

@test "run: what the documentation says for engines that are not here can at least be read" {
	local block
	for block in config.toml-3 crio.conf; do
		documented $block >"$block"
		try python3 -c 'import json, sys, tomllib; json.dump(tomllib.load(open(sys.argv[1], "rb")), sys.stdout)' "$block"
		assert_ok
		jq -e --arg path "$HULL" '[.. | strings] | index($path)' <<<"$output" >/dev/null || report "hull is not in it"
	done
}

@test "run: environment" {
	printf 'FROM_FILE=file\n' >list
	try podman run --rm --env A='b c' --env EMPTY= --env-file list --hostname box debian \
		sh -c 'echo "$A|$EMPTY|$FROM_FILE|$container|$HOME|$HOSTNAME"'
	assert_output 'b c||file|podman|/root|box'
	try podman run --rm --env HOME=/x debian sh -c 'echo $HOME'
	assert_output /x
	try podman run --rm --env PATH=/usr/games:/opt debian cat /etc/hostname
	assert_status 127
}

@test "run: working directory" {
	try podman run --rm --workdir /usr/share debian pwd
	assert_output /usr/share
	try podman run --rm --workdir /no/such debian pwd
	[[ $status -ne 0 && $stderr == */no/such* ]] || report "message"
}

@test "run: entrypoint and arguments arrive as they are" {
	try podman run --rm --entrypoint '["printf", "<%s>\\n"]' debian 'a b' '' '*' $'new\nline'
	assert_ok
	assert_output $'<a b>\n<>\n<*>\n<new\nline>'
}

@test "run: --preserve-fds hands descriptors on, and no others" {
	echo three >three
	echo four >four
	podman_two() { podman_with_descriptors "$@" 3<three 4<four; }
	try podman_two run --rm --preserve-fds 2 debian sh -c 'cat <&3; cat <&4; ls /proc/self/fd'
	assert_ok
	# The last one is the folder that ls reads.
	assert_output $'three\nfour\n0\n1\n2\n3\n4\n5'
	run_script 'ls /proc/self/fd'
	assert_output $'0\n1\n2\n3'
}

@test "run: socket activation" {
	echo 'from the socket' >file
	podman_activated() { LISTEN_FDS=1 LISTEN_FDNAMES=web LISTEN_PID=$BASHPID podman_with_descriptors "$@" 3<file 4>&-; }
	try podman_activated run --rm debian sh -c 'echo "$LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES"; cat <&3'
	assert_output $'1 1 web\nfrom the socket'
}

@test "run: readiness by NOTIFY_SOCKET" {
	socat -u "UNIX-RECVFROM:$PWD/notify,fork" STDOUT >notified 3>&- 4>&- &
	local socat=$!
	wait_until test -S notify
	NOTIFY_SOCKET=$PWD/notify try podman run --rm --sdnotify container debian perl -MIO::Socket::UNIX -e '
		my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $ENV{NOTIFY_SOCKET}) or die $!;
		print $socket "READY=1\n"; $socket->flush; sleep 1'
	wait_until grep -q READY=1 notified
	kill "$socat"
	assert_ok
}

@test "run: --log-driver passthrough gives the caller's own streams" {
	try podman run --rm --log-driver passthrough debian sh -c 'readlink /proc/self/fd/1; echo err >&2'
	assert_ok
	assert_output "$BATS_TEST_TMPDIR/stdout"
	assert_eq "$stderr" err
}

@test "run: --init reaps orphans and passes signals on" {
	podman run --detach --name "$C" --init debian sh -c \
		'trap "echo caught; exit 5" TERM; (sleep 0.1 & exit); echo ready; while :; do sleep 1000 & wait $!; done' >/dev/null
	wait_until in_logs ready
	try podman exec "$C" cat /proc/1/cmdline
	[[ $(tr '\0' ' ' <"$BATS_TEST_TMPDIR/stdout") == *init* ]] || report "process 1"
	podman stop "$C" >/dev/null
	assert_exited 5
	in_logs caught
}

@test "run: --detach, logs, wait" {
	podman run --detach --name "$C" debian sh -c 'echo out; echo err >&2; exit 9' >/dev/null
	try podman wait "$C"
	assert_output 9
	try podman logs "$C"
	assert_output out
	assert_eq "$stderr" err
	podman rm "$C" >/dev/null
	assert_nothing_left
}

# On a busy machine Podman loses what is printed before its monitor has let it attach: a moment is left.
@test "run: ten at once" {
	local n pids=() failed=0
	for n in {0..9}; do
		podman run --rm --memory 64m debian sh -c "sleep 0.3; echo number $n; exit $n" \
			>"out$n" 2>"err$n" </dev/null &
		pids+=($!)
	done
	for n in {0..9}; do
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

@test "run: --replace takes the place of a running one" {
	run_sleeper
	local before after
	before=$(pid_of)
	podman run --detach --replace --time 0 --name "$C" debian sleep 1000 >/dev/null 2>&1 ||
		podman run --detach --replace --name "$C" debian sleep 1000 >/dev/null
	after=$(pid_of)
	[[ $before != "$after" ]]
	is_gone "$before"
}

@test "run: a root file system instead of an image" {
	mkdir -p root/{bin,dev,proc,sys,etc,tmp}
	cp "$(command -v busybox)" root/bin/sh
	try podman run --rm --rootfs "$PWD/root" sh -c 'echo "in $PWD"'
	assert_ok
	assert_output 'in /'
}
