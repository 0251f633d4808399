#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # $names in single quotes are the container's own; try sets $stderr
# What depends on the kernel: where it can be done it is, else hull says so in a line, and the
# container was not even stopped. Run on this machine's kernel, and on that of the lab's machine.

load checkpoint

can() { criu check --feature "$1" >/dev/null 2>&1; }
# Linux 6.16 and newer answer CRIUs before 4.2 with an error.
sockets_work() {
	local version
	version=$(criu --version | sed -n 's/^Version: //p')
	[[ $(printf '%s\n' 4.2 "$version" | sort -V | head -n 1) == 4.2 ||
		$(printf '%s\n' 6.16 "$(uname -r)" | sort -V | head -n 1) == "$(uname -r)" ]]
}
not_stopped() {
	not grep -q . "$IMAGES/dump.log"
	goes_on "$(count)"
}
pages() { cat "$1"/pages-*.img | wc -c; }

@test "checkpoint --pre-dump, --parent-path: memory in rounds" {
	local first
	SCRIPT='memory=$(seq 1 20000); trap "echo \"\$memory\" >/memory" TERM; '
	run_counter
	IMAGES=$BATS_TEST_TMPDIR/images
	if ! can mem_dirty_track; then
		try checkpoint --pre-dump
		assert_error "--pre-dump: this kernel does not track written memory"
		try checkpoint --parent-path ../images0
		assert_error "--parent-path: this kernel does not track written memory"
		not_stopped
		return
	fi
	hull checkpoint --pre-dump --image-path "$IMAGES-0" "$ID"
	hull checkpoint --pre-dump --image-path "$IMAGES-1" --parent-path ../images-0 "$ID"
	goes_on "$(count)"
	checkpoint --parent-path ../images-1
	(($(pages "$IMAGES-0") > 100000 && $(pages "$IMAGES") * 2 < $(pages "$IMAGES-0"))) ||
		fail "pages: $(pages "$IMAGES-0") $(pages "$IMAGES-1") $(pages "$IMAGES")"
	first=$(count)
	restore
	goes_on "$first"
	hull kill "$ID" TERM
	whole() { [[ -e $ROOTFS/memory ]] && diff -q <(seq 1 20000) "$ROOTFS/memory" >/dev/null; }
	wait_until whole
}

@test "checkpoint --lazy-pages, --status-fd: memory follows the container" {
	local saving port first
	SCRIPT='memory=$(seq 1 20000); trap "echo \"\$memory\" >/memory" TERM; '
	run_counter
	if ! [[ $(cat /proc/sys/fs/pipe-max-size) -ge 4194304 ]] && ! capsh --has-p=cap_sys_resource; then
		try checkpoint --lazy-pages --page-server 127.0.0.1:0
		assert_error "--lazy-pages: CRIU needs pipes of 4 MiB: sysctl fs.pipe-max-size=4194304"
		not_stopped
		return
	fi
	checkpoint --lazy-pages --page-server 127.0.0.1:0 --status-fd 5 5>status 3>&- 4>&- &
	saving=$!
	wait_until test -s status
	first=$(count)
	port=$(sed -n 's/.*Using \([0-9]*\) port.*/\1/p' "$IMAGES/dump.log")
	mkdir work
	criu lazy-pages --images-dir "$IMAGES" --work-dir "$PWD/work" --log-file lazy.log --daemon \
		--page-server --address 127.0.0.1 --port "$port" 3>&- 4>&-
	detached restore --detach --lazy-pages --image-path "$IMAGES" --work-path work "$ID-2"
	wait "$saving"
	gone
	goes_on "$first"
	hull kill "$ID-2" TERM
	whole() { [[ -e $ROOTFS/memory ]] && diff -q <(seq 1 20000) "$ROOTFS/memory" >/dev/null; }
	wait_until whole
}

# Both ends count what they have sent and got; what is lost or comes twice ends them.
TALK='
import os, socket, time
def talk(s):
    n = 0
    while True:
        s.sendall(b"%8d" % n)
        try:
            got = s.recv(8, socket.MSG_WAITALL)
        except OSError:
            got = b""
        if not got:
            open("/closed", "w")
            while True:
                time.sleep(0.1)
        assert int(got) == n
        n += 1
        new = "/tmp/count.%d" % os.getpid() # two of us do this
        open(new, "w").write(str(n))
        os.rename(new, "/tmp/count")
        time.sleep(0.02)
a = socket.create_server(("127.0.0.1", 4000))
if os.fork() == 0:
    talk(socket.create_connection(("127.0.0.1", 4000)))
talk(a.accept()[0])
'

@test "checkpoint --tcp-established, restore --tcp-close" {
	local first
	IMAGES=$BATS_TEST_TMPDIR/images
	program "$TALK"
	run_detached
	wait_until counts_beyond 3
	if ! sockets_work; then
		for option in --tcp-established --tcp-skip-in-flight; do
			try checkpoint "$option"
			assert_error "a network socket, which needs CRIU 4.2 or newer on this kernel"
			not_stopped
		done
		return
	fi
	try checkpoint
	assert_error "tcp-established"
	goes_on "$(count)"
	checkpoint --tcp-established
	first=$(count)
	restore --tcp-established
	goes_on "$first"
	not test -e "$ROOTFS/closed"
	checkpoint --tcp-established --tcp-skip-in-flight
	restore --tcp-close
	wait_until test -e "$ROOTFS/closed"
	assert_eq "$(status_of)" running
}
