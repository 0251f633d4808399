#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # $names in single quotes are the container's own; try sets $stderr
# The options of checkpoint and restore that do not depend on the kernel: those are in
# checkpoint_kernel.bats.

load checkpoint

# pages_port FILE: the port that CRIU's page server has chosen, from its log.
pages_port() { sed -n 's/.*Using \([0-9]*\) port.*/\1/p' "$1"; }
free_port() { "$PYTHON" -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# lazy_pages OPTION...: CRIU's daemon that answers page faults, until it has nothing to do.
lazy_pages() {
	mkdir -p work
	criu lazy-pages --images-dir "$IMAGES" --work-dir "$PWD/work" --log-file lazy.log --daemon "$@" 3>&- 4>&-
}

@test "checkpoint --page-server: memory goes there, and nowhere else" {
	local port first
	run_counter
	mkdir server
	port=$(free_port)
	criu page-server --images-dir server --port "$port" --log-file log --daemon 3>&- 4>&-
	checkpoint --page-server "127.0.0.1:$port"
	compgen -G "server/pages-*.img" || fail "no pages at the server"
	compgen -G "$IMAGES/pagemap-*.img" && fail "pages in the images too"
	mv server/*.img "$IMAGES"
	first=$(count)
	restore
	goes_on "$first"
}

@test "restore --lazy-pages: memory comes when it is touched" {
	local first
	SCRIPT='memory=$(seq 1 20000); trap "echo \"\$memory\" >/memory" TERM; '
	run_counter
	checkpoint
	lazy_pages -v4
	first=$(count)
	restore --lazy-pages --work-path work
	goes_on "$first"
	hull kill "$ID" TERM
	whole() { [[ -e $ROOTFS/memory ]] && diff -q <(seq 1 20000) "$ROOTFS/memory" >/dev/null; }
	wait_until whole
	has_text "uffd_copy" work/lazy.log
}

@test "checkpoint --link-remap: an open file whose name is gone, and that has another" {
	local first
	SCRIPT='echo text >/a; ln /a /b; exec 5</a; rm /a; '
	run_counter
	try checkpoint
	assert_error "Use link-remap option"
	goes_on "$(count)"
	checkpoint --link-remap
	first=$(count)
	restore
	goes_on "$first"
	assert_eq "$(cat "/proc/$(pid_of)/fd/5")" text
	assert_eq "$(stat -Lc %i "/proc/$(pid_of)/fd/5")" "$(stat -c %i "$ROOTFS/b")"
	not compgen -G "$ROOTFS/link_remap.*"
}

@test "checkpoint --empty-ns network: what was in it is somebody else's; each --manage-cgroups-mode" {
	local mode first group
	SCRIPT='ip addr add 10.9.8.7/32 dev lo; '
	config '.process.capabilities |= map_values(. + ["CAP_NET_ADMIN"])
		| .linux.resources.pids.limit = 77'
	run_counter
	group=$(cgroup_dir "$(pid_of)" pids)
	for mode in soft/full strict/ignore; do
		checkpoint --manage-cgroups-mode "${mode%/*}"
		first=$(count)
		restore --manage-cgroups-mode "${mode#*/}"
		goes_on "$first"
		assert_eq "$(cgroup_dir "$(pid_of)" pids)" "$group"
		assert_eq "$(limit "$(pid_of)" pids pids.max pids.max)" 77
	done
	try hull exec "$ID" ip addr
	assert_has 10.9.8.7
	checkpoint --empty-ns network
	not compgen -G "$IMAGES/ifaddr-*.img"
	first=$(count)
	restore --empty-ns network
	goes_on "$first"
	try hull exec "$ID" ip addr
	assert_ok
	assert_lacks 10.9.8.7
	assert_has LOOPBACK
}

@test "checkpoint --ext-unix-sk: a datagram socket whose other end is the host's" {
	local lines
	"$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1] + "/socket")
f = open("received", "wb", 0)
while True:
    f.write(s.recv(100))
' "$PWD" 3>&- 4>&- &
	cleanup_later "kill $!"
	wait_until test -S socket
	# CRIU looks for the other end in the network namespace of this one, and connects to the name that
	# was bound.
	without_namespace network
	mount_add "$PWD" bind "$PWD" bind
	program '
import socket, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect("'"$PWD"'/socket")
n = 0
while True:
    n += 1
    s.send(b"%d\n" % n)
    time.sleep(0.02)
'
	IMAGES=$BATS_TEST_TMPDIR/images
	run_detached
	wait_until test -s received
	try checkpoint
	assert_error "--ext-unix-sk"
	checkpoint --ext-unix-sk
	lines=$(lines_of received)
	restore --ext-unix-sk
	more() { (($(lines_of received) > lines + 3)); }
	wait_until more
	hull delete --force "$ID"
	diff received <(seq 1 "$(lines_of received)")
}

@test "checkpoint --shell-job: a terminal of the host" {
	local last
	terminal() {
		HULL_BATS=$ID "$PYTHON" "$BATS_TEST_DIRNAME/../bats/runtty.py" "$HULL" --root "$STATE" "$@" \
			</dev/null 3>&- 4>&- 2>&1
	}
	script 'i=0; while :; do i=$((i + 1)); echo "number $i"; sleep 0.02 || :; done'
	IMAGES=$BATS_TEST_TMPDIR/images
	terminal run "$ID" >tty1 &
	wait_until has_text "number 3" tty1
	try checkpoint
	assert_error "is a terminal of the host: --shell-job"
	try checkpoint --check
	assert_has "--shell-job"
	checkpoint --shell-job
	wait
	last=$(tr -d '\r' <tty1 | sed -n 's/^number //p' | tail -n 1)
	try hull restore --shell-job --image-path "$IMAGES" "$ID"
	assert_error "descriptor 0 was a terminal of the host"
	terminal restore --shell-job --image-path "$IMAGES" "$ID" >tty2 &
	wait_until has_text "number $((last + 3))" tty2
	not grep -qx $'number 1\r' tty2
	hull delete --force "$ID"
	wait
}

@test "restore --lsm-profile: of what this kernel has not" {
	run_counter
	checkpoint
	try hull restore --detach --image-path "$IMAGES" --lsm-profile selinux:some_t "$ID"
	assert_error "--lsm-profile: selinux is not on in this kernel"
	gone
	try hull restore --detach --image-path "$IMAGES" --lsm-profile some_t "$ID"
	assert_error "must be apparmor:NAME or selinux:LABEL"
	gone
}

@test "checkpoint: a container with --whisper, and one that was given NOTIFY_SOCKET" {
	local updated listener restoring
	"$PYTHON" -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(1000).decode(), flush=True)
' "$PWD/notify" >told 3>&- 4>&- &
	listener=$!
	cleanup_later "kill $listener"
	wait_until test -S notify
	IMAGES=$BATS_TEST_TMPDIR/images
	# busybox has no sd_notify; Python says it when it is told to.
	program '
import os, signal, socket, time
page = open("/run/hull/cpu", "rb")
def say(text):
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(text, os.environ["NOTIFY_SOCKET"])
signal.signal(signal.SIGUSR1, lambda *_: say(b"STATUS=again"))
say(b"READY=1")
while True:
    time.sleep(0.05)
'
	NOTIFY_SOCKET=$PWD/notify run_detached --whisper
	wait_until has_text READY=1 told
	checkpoint
	gone
	# In the foreground: somebody has to pass on what it says.
	NOTIFY_SOCKET=$PWD/notify hull restore --whisper --image-path "$IMAGES" "$ID" </dev/null >>"$OUT" 2>&1 &
	restoring=$!
	wait_status running
	hull kill "$ID" USR1
	wait_until has_text STATUS=again told
	grep -q ' /run/hull/cpu ' "/proc/$(pid_of)/mountinfo"
	updated=$(cksum <"/proc/$(pid_of)/root/run/hull/cpu")
	written() { [[ $(cksum <"/proc/$(pid_of)/root/run/hull/cpu") != "$updated" ]]; }
	wait_until written
	hull delete --force "$ID"
	wait "$restoring" || true
}
