# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034 # $names in single quotes are the container's own
# Loaded by the tests of checkpoint and restore: a container that counts, saved and made again.

load ../bats/setup

IMAGES=
setup_file() { command -v criu >/dev/null || skip "no criu on this machine"; }

# A signal or a restore ends a sleep early, so it is always in a loop.
COUNTER='i=0; while :; do i=$((i + 1)); echo $i >/tmp/count.new; mv /tmp/count.new /tmp/count; sleep 0.02 || :; done'

# run_counter: $ID counts in /tmp/count.
run_counter() {
	IMAGES=$BATS_TEST_TMPDIR/images
	script "${SCRIPT-}$COUNTER"
	run_detached
	wait_until counts_beyond 0
}
count() { cat "$ROOTFS/tmp/count"; }
counts_beyond() { [[ -e $ROOTFS/tmp/count && $(count) -gt $1 ]]; }
# goes_on: it counts from where it was, and not from one.
goes_on() { wait_until counts_beyond "$1" && (($(count) > $1)); }

checkpoint() { hull checkpoint --image-path "$IMAGES" "$@" "$ID"; }
restore() { detached restore --detach --image-path "$IMAGES" "$@" "$ID"; }
gone() { [[ ! -e $STATE/$ID ]]; }
lines_of() { grep -c . "$1" || true; }

# program TEXT: the container executes it with the host's Python.
program() {
	mount_add /usr bind /usr rbind ro
	ln -s usr/lib "$ROOTFS/lib"
	ln -s usr/lib64 "$ROOTFS/lib64"
	payload /usr/bin/python3 -c "$1"
}
