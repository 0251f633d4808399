#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # $names in single quotes are the container's own; try sets $stderr
# A container moves between two hulls, each with states and bundles of its own; whatever is broken
# on the way, one side and no other has it running afterwards.

load ../bats/setup

setup_file() { command -v criu >/dev/null || skip "no criu on this machine"; }

# A signal or a restore ends a sleep early, so it is always in a loop. The number is in memory and in a file.
COUNTER='i=0; while :; do i=$((i + 1)); echo $i >/tmp/count.new; mv /tmp/count.new /tmp/count; sleep 0.02 || :; done'

# The other side: $THERE is its state folder, $BUNDLES that of its bundles. On one machine a container needs two names, for its cgroup.
listen() {
	AWAY=$ID-away
	THERE=$BATS_TEST_TMPDIR/there BUNDLES=$BATS_TEST_TMPDIR/bundles SOCKET=$BATS_TEST_TMPDIR/s
	HULL_BATS=$ID "$HULL" --root "$THERE" receive --listen "unix:$SOCKET" --bundles "$BUNDLES" "$@" \
		</dev/null >>"$OUT" 2>>"$BATS_TEST_TMPDIR/receive.err" 3>&- 4>&- &
	LISTENER=$!
	cleanup_later "kill $LISTENER; there delete --force $AWAY"
	wait_until test -S "$SOCKET"
}
there() { STATE=$THERE hull "$@"; }
there_file() { echo "$BUNDLES/$AWAY/rootfs/$1"; }
count() { cat "$ROOTFS/tmp/count"; }
counts_beyond() { [[ -e $ROOTFS/tmp/count && $(count) -gt $1 ]]; }
goes_on_there() { ROOTFS=$BUNDLES/$AWAY/rootfs wait_until counts_beyond "$1"; }
goes_on_here() { wait_until counts_beyond "$(count)"; }
gone_here() { [[ ! -e $STATE/$ID ]]; }
run_counter() {
	script "${SCRIPT-}$COUNTER"
	run_detached
	wait_until counts_beyond 0
}
migrate() { try hull migrate --name "$AWAY" "$@" "$ID" "unix:$SOCKET"; }
# one_lives: it runs on one side, and on the other there is nothing.
one_lives() {
	local here=no there=no
	[[ $(status_of) != running ]] || here=yes
	[[ $(STATE=$THERE status_of "$AWAY") != running ]] || there=yes
	[[ $here != "$there" ]] || fail "running here: $here, there: $there"
} 2>/dev/null
nothing_there() {
	[[ ! -e $THERE/$AWAY && ! -e $BUNDLES/$AWAY ]] || fail "it is there: $(ls "$THERE" "$BUNDLES")"
	[[ -z $(ls -A "$THERE/@migrations" 2>/dev/null | grep -v owner) ]] || fail "images are left"
}

@test "migrate: it goes on where it was, with its files, and nothing is left" {
	local first
	listen
	config '.linux.resources.pids.limit = 77 | .hostname = "moved"'
	chmod 750 "$ROOTFS/home/user"
	ln "$ROOTFS/etc/passwd" "$ROOTFS/etc/again"
	ln -s ../etc/group "$ROOTFS/home/group"
	mkfifo "$ROOTFS/home/fifo"
	chown 1000:2000 "$ROOTFS/home/fifo"
	run_counter
	first=$(count)
	migrate
	assert_ok
	gone_here || fail "the container is still here"
	assert_eq "$(STATE=$THERE status_of "$AWAY")" running
	goes_on_there "$first"
	assert_eq "$(tail -n 1 <<<"$output" | jq -r .phase)" moved
	assert_eq "$(limit "$(STATE=$THERE pid_of "$AWAY")" pids pids.max pids.max)" 77
	try there exec "$AWAY" hostname
	assert_output moved
	assert_eq "$(stat -c %a "$(there_file home/user)")" 750
	assert_eq "$(stat -c %u:%g "$(there_file home/fifo)")" 1000:2000
	assert_eq "$(stat -c %i "$(there_file etc/passwd)")" "$(stat -c %i "$(there_file etc/again)")"
	assert_eq "$(readlink "$(there_file home/group)")" ../etc/group
	diff -r --no-dereference -x count -x count.new -x fifo "$ROOTFS" "$BUNDLES/$AWAY/rootfs"
	assert_eq "$(ls -A "$THERE/@migrations")" ""
}
