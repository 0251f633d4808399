#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# shellcheck disable=SC2030,SC2031,SC2154 # try sets its variables
# NOTIFY_SOCKET: what the container says of its life reaches the service manager.

load setup

# The service manager's end: each message is a line of $HEARD, its parts separated by blanks.
manager_start() {
	HEARD=$BATS_TEST_TMPDIR/heard
	NOTIFY_SOCKET=${1:-$BATS_TEST_TMPDIR/manager.sock}
	export NOTIFY_SOCKET
	"$PYTHON" -u -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0") if sys.argv[1][0] == "@" else sys.argv[1])
print("listening")
while True: print(*s.recv(65536).decode().split("\n"))' "$NOTIFY_SOCKET" >"$HEARD" 3>&- 4>&- &
	wait_until has_text listening "$HEARD"
}

# A program for the container: say TEXT sends it; busybox has no datagram socket, so it is ours.
bundle_say() {
	cat >"$BATS_TEST_TMPDIR/say.c" <<-'END'
		#include <stdlib.h>
		#include <string.h>
		#include <sys/socket.h>
		#include <sys/un.h>
		int main(int argc, char **argv)
		{
			struct sockaddr_un to = { AF_UNIX, "" };
			int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
			strcpy(to.sun_path, getenv("NOTIFY_SOCKET"));
			for (char *c = argv[1]; *c; c++)
				*c = *c == ' ' ? '\n' : *c;
			return argc != 2 || sendto(fd, argv[1], strlen(argv[1]), 0, (void *)&to, sizeof(to)) < 0;
		}
	END
	gcc -static -o "$ROOTFS/bin/say" "$BATS_TEST_TMPDIR/say.c"
}

@test "notify socket: run passes on what a service says, and nothing that names the host's things" {
	bundle_say
	manager_start
	script 'echo "$NOTIFY_SOCKET"; say "READY=1 STATUS=fine"; say "MAINPID=1 FDSTORE=1 BARRIER=1"
		say "STOPPING=1 MAINPID=1"; touch /run/notify/x; rm /run/notify/notify.sock'
	try hull run "$ID"
	assert_output /run/notify/notify.sock
	[[ $stderr == *Read-only*Read-only* ]] || report "the folder can be written"
	assert_eq "$(tail -n +2 "$HEARD" | sed 's/ *$//')" $'READY=1 STATUS=fine\nSTOPPING=1'
	assert_nothing_left
}

@test "notify socket: run --detach returns when the service is ready, and tells its pid" {
	bundle_say
	manager_start
	script 'say STATUS=starting; while [ ! -e /go ]; do sleep 0.05; done; say "READY=1"; sleep 1000'
	hull run --detach "$ID" >"$OUT" 2>&1 </dev/null &
	wait_until has_text STATUS=starting "$HEARD"
	not has_text READY "$HEARD"
	# Nobody has to wait for it meanwhile.
	[[ $(status_of) == running ]]
	kill -0 $!
	touch "$ROOTFS/go"
	wait $!
	wait_until has_text "READY=1 MAINPID=$(pid_of)" "$HEARD"
}

@test "notify socket: create and start, for a user in a user namespace" {
	bundle_say
	manager_start "@hull-notify-$ID"
	user_namespace
	config '.process.user = {uid: 1000, gid: 1000}'
	script 'say "READY=1"; sleep 1000'
	create_container
	not has_text READY "$HEARD"
	try hull start "$ID"
	assert_ok
	wait_until has_text "READY=1 MAINPID=$(pid_of)" "$HEARD"
}

@test "notify socket: a service that ends without a word keeps nobody waiting" {
	manager_start
	payload true
	try hull run --detach "$ID"
	assert_ok
	wait_status stopped
	hull delete "$ID"
	create_container
	try hull start "$ID"
	assert_ok
}

@test "notify socket: without one nothing is there" {
	unset NOTIFY_SOCKET
	run_script 'echo "[$NOTIFY_SOCKET]"; ls -d /run/notify'
	assert_output "[]"
}
