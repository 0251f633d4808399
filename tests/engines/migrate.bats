#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2119,SC2120,SC2153,SC2154 # $names in single quotes are the container's own; try sets $stderr
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
	rm -f "$SOCKET"
	HULL_BATS=$ID ${THROUGH[@]+"${THROUGH[@]}"} "$HULL" --root "$THERE" receive --listen "unix:$SOCKET" --bundles "$BUNDLES" "$@" \
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
	[[ -z $(find "$THERE/@migrations" -mindepth 1 ! -name '*.owner') ]] || fail "images are left"
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
	# Memory went in rounds where the kernel tells what was written.
	if criu check --feature mem_dirty_track >/dev/null 2>&1; then
		assert_has '"phase":"round","round":1'
	else
		assert_lacks '"phase":"round"'
	fi
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

# between ACTION WHO FRAME BYTES: a man in the middle, see cut.py; $MIDDLE is where he listens.
between() {
	MIDDLE=$BATS_TEST_TMPDIR/middle-$((++BROKEN))
	"$PYTHON" "$BATS_TEST_DIRNAME/cut.py" "$MIDDLE" "$SOCKET" "$@" >"$MIDDLE.out" 3>&- 4>&- &
	CUTTER=$!
	cleanup_later "kill $CUTTER"
	wait_until test -S "$MIDDLE"
}
BROKEN=0
# The frames: checkpoint/transport.h.
F_HELLO=1 F_ENTRIES=2 F_CONTENT=4 F_TREE_END=7 F_IMAGE=8 F_RESTORE=10 F_COMMIT=11 F_ACCEPT=14 F_READY=18 F_DONE=19

# broken ACTION WHO FRAME BYTES SIDE: whatever happens there, it is SIDE (here, there) that has it.
broken() {
	local first
	first=$(count)
	between "${@:1:4}"
	try hull migrate --name "$AWAY" --timeout 20 "$ID" "unix:$MIDDLE"
	wait_until has_text broken "$MIDDLE.out" || fail "$stderr" "$(<"$BATS_TEST_TMPDIR/receive.err")"
	# Only a source that was killed in the one bad moment has to be told to ask.
	if [[ -e $STATE/$ID/migration.json ]]; then
		[[ $1 == kill-source ]] || fail "in doubt"
		assert_eq "$(status_of)" paused
		hull migrate --settle "$ID"
	fi
	if [[ $5 == either ]]; then
		wait_until one_lives 2>/dev/null
	elif [[ $5 == here ]]; then
		# Killed: somebody else thaws it.
		wait_until has_status running
		wait_until not has_status_there running
		goes_on_here
		# A hull that was killed leaves its images to the next, or to delete.
		[[ $1 == kill-source || ! -e $STATE/$ID/migrate ]] || fail "images are left"
		not test -e "$STATE/$ID/migration.json"
	else
		wait_until has_status_there running
		goes_on_there "$first"
		gone_here || fail "still here: $*"
	fi
	one_lives
	kill "$CUTTER"
	# What a killed target leaves goes with the next that comes.
	[[ $5 != here || $1 == kill-target ]] || wait_until nothing_there 2>/dev/null
}
has_status_there() { [[ $(STATE=$THERE status_of "$AWAY" 2>/dev/null) == "$1" ]]; }
take_back() {
	there delete --force "$AWAY"
	rm -r "${BUNDLES:?}/$AWAY"
	run_counter
}

@test "migrate: cut at every step, one side has it" {
	listen
	run_counter
	broken cut source $F_HELLO 0 here
	broken cut source $F_CONTENT 9 here
	broken cut source $F_IMAGE 9 here
	broken cut source $F_RESTORE 0 here
	broken cut target $F_READY 0 here
	broken cut target $F_READY -1 here
	broken cut source $F_COMMIT 0 here
	broken cut source $F_COMMIT 7 here
	# The target and the question race here: who is first decides.
	broken cut source $F_COMMIT -1 either
	gone_here && take_back
	broken cut target $F_DONE 7 there
}

@test "migrate: either side is killed at every step, one has it" {
	listen
	run_counter
	broken kill-target source $F_CONTENT -1 here
	broken kill-source source $F_IMAGE -1 here
	broken kill-target source $F_RESTORE -1 here
	broken kill-source target $F_READY 0 here
	broken kill-target target $F_READY -1 here
	broken kill-source source $F_COMMIT 0 here
	broken kill-target source $F_COMMIT 0 here
	broken kill-source target $F_DONE 0 there
	take_back
	broken kill-target target $F_DONE 0 there
	take_back
	# What killed receivers have left goes with the next.
	migrate
	assert_ok
	one_lives
	assert_eq "$(find "$THERE/@migrations" -mindepth 1 ! -name '*.owner')" ""
}

@test "migrate: the target cannot be asked: it stays paused, until that is settled" {
	listen
	run_counter
	# Nobody answers a second time.
	between cut-and-end source $F_COMMIT 0
	try hull migrate --name "$AWAY" "$ID" "unix:$MIDDLE"
	assert_error "whether it has the container" "hull migrate --settle"
	assert_eq "$(status_of)" paused
	try hull migrate --settle "$ID"
	assert_error "$MIDDLE"
	ln -sf "$SOCKET" "$MIDDLE"
	try hull migrate --settle "$ID"
	assert_output "container $ID has not moved, and goes on here"
	goes_on_here
	try hull migrate --settle "$ID"
	assert_error "no migration of it is to be settled"
	wait_until nothing_there
}

@test "migrate: what the target cannot run is refused while it runs" {
	listen
	run_counter
	there run --detach --bundle "$BUNDLE" "$AWAY" </dev/null >/dev/null 2>&1
	migrate
	assert_error "$AWAY" exists
	there delete --force "$AWAY"
	# A path of the other host, which that has not allowed.
	mkdir "$BATS_TEST_TMPDIR/data"
	hull delete --force "$ID"
	mount_add /data bind "$BATS_TEST_TMPDIR/data" bind
	run_counter
	migrate
	assert_error "mounts: $BATS_TEST_TMPDIR/data" --allow
	goes_on_here
	nothing_there
	kill "$LISTENER"
	listen --allow "$BATS_TEST_TMPDIR"
	mv "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/elsewhere"
	migrate
	assert_error "mounts[" ".source: $BATS_TEST_TMPDIR/data"
	goes_on_here
	nothing_there
	mv "$BATS_TEST_TMPDIR/elsewhere" "$BATS_TEST_TMPDIR/data"
	migrate
	assert_ok
	one_lives
}

@test "migrate: a target of another processor, an older kernel, an older CRIU" {
	local fake=$BATS_TEST_TMPDIR/cpuinfo
	listen
	run_counter
	sed -E '/^flags/s/ (sse2|lm|avx2)( |$)/ /g' /proc/cpuinfo >"$fake"
	kill "$LISTENER"
	THROUGH=(unshare --mount sh -c 'mount --bind "$0" /proc/cpuinfo; exec "$@"' "$fake")
	listen
	migrate
	assert_error "its processor lacks" lm
	kill "$LISTENER"
	THROUGH=(setarch --uname-2.6)
	listen
	migrate
	assert_error "kernel 2.6" "is older than the source's $(uname -r)"
	goes_on_here
	nothing_there
}

# What stands for OpenSSH gets its words and hands on its streams.
@test "migrate: through ssh; the other side's words of refusal" {
	local first
	THERE=$BATS_TEST_TMPDIR/there BUNDLES=$BATS_TEST_TMPDIR/bundles AWAY=$ID-away
	mkdir "$BATS_TEST_TMPDIR/bin"
	printf '%s\n' '#!/bin/sh' "printf '%s\n' \"\$@\" >>$BATS_TEST_TMPDIR/words" 'exec sh -c "$4"' \
		>"$BATS_TEST_TMPDIR/bin/ssh"
	chmod +x "$BATS_TEST_TMPDIR/bin/ssh"
	run_counter
	first=$(count)
	PATH=$BATS_TEST_TMPDIR/bin:$PATH try hull migrate --name "$AWAY" --remote \
		"$HULL --root $THERE receive --bundles /nowhere/at/all" "$ID" ssh://root@elsewhere:2222
	# The other hull says it too, through ssh.
	assert_status 1
	[[ $stderr == *"the other side refuses: --bundles /nowhere/at/all"* ]] || fail "$stderr"
	goes_on_here
	PATH=$BATS_TEST_TMPDIR/bin:$PATH try hull migrate --name "$AWAY" --remote \
		"$HULL --root $THERE receive --bundles $BUNDLES" "$ID" ssh://root@elsewhere:2222
	assert_ok
	assert_eq "$(sed -n 1,3p "$BATS_TEST_TMPDIR/words" | xargs)" "-T -- ssh://root@elsewhere:2222"
	gone_here
	goes_on_there "$first"
	one_lives
	there delete --force "$AWAY"
}

# keys NAME CA: what hull-link wants in a folder; CA signs.
keys() {
	mkdir -p "$BATS_TEST_TMPDIR/$1"
	(
		cd "$BATS_TEST_TMPDIR" || exit
		[[ -e $2.pem ]] || openssl req -x509 -newkey ed25519 -nodes -days 2 -subj "/CN=$2" -keyout "$2.key" -out "$2.pem"
		openssl req -newkey ed25519 -nodes -subj "/CN=$1" -addext "subjectAltName=IP:127.0.0.1" \
			-keyout "$1/key.pem" -out "$1.req"
		openssl x509 -req -in "$1.req" -CA "$2.pem" -CAkey "$2.key" -days 2 -copy_extensions copy -out "$1/cert.pem"
		cp "$2.pem" "$1/ca.pem"
	) 2>/dev/null
}
listens() { ss -Hltn "sport = :$1" | grep -q .; }

@test "migrate: through TCP with TLS, when both sides know each other" {
	local first port=$((20000 + RANDOM % 10000))
	keys here ours
	keys there ours
	keys stranger others
	THERE=$BATS_TEST_TMPDIR/there BUNDLES=$BATS_TEST_TMPDIR/bundles AWAY=$ID-away
	HULL_BATS=$ID "$HULL" --root "$THERE" receive --listen "tcp:0.0.0.0:$port" --bundles "$BUNDLES" \
		--tls "$BATS_TEST_TMPDIR/there" </dev/null >>"$OUT" 2>>"$BATS_TEST_TMPDIR/receive.err" 3>&- 4>&- &
	cleanup_later "kill $!; there delete --force $AWAY"
	wait_until listens "$port"
	run_counter
	first=$(count)
	secret() { try hull migrate --name "$AWAY" --tls "$BATS_TEST_TMPDIR/$1" "$ID" "tcp:${2:-127.0.0.1}:$port"; }
	secret stranger
	assert_error "TLS: the other side's certificate: "
	secret nowhere
	assert_error "--tls: $BATS_TEST_TMPDIR/nowhere/ca.pem"
	# A certificate of another name than that which was called.
	secret here 127.0.0.2
	assert_error "TLS: the other side's certificate: IP address mismatch"
	try hull migrate "$ID" tcp:nothing
	assert_error "TARGET: must be tcp:HOST:PORT"
	# One who shows none.
	try openssl s_client -connect "127.0.0.1:$port" -CAfile "$BATS_TEST_TMPDIR/ours.pem" </dev/null
	wait_until has_text "did not return a certificate" "$BATS_TEST_TMPDIR/receive.err"
	# One who knows nothing of TLS.
	printf 'hello, this is no TLS at all\n' >"/dev/tcp/127.0.0.1/$port"
	wait_until has_text "TLS: " "$BATS_TEST_TMPDIR/receive.err"
	goes_on_here
	secret here
	assert_ok
	gone_here
	goes_on_there "$first"
	one_lives
	try hull receive --listen tcp:localhost:1
	assert_error "--listen: must be tcp:ADDRESS:PORT"
}

@test "migrate: into a directory, and from there; truncated anywhere it is refused" {
	local store=$BATS_TEST_TMPDIR/store first size at
	THERE=$BATS_TEST_TMPDIR/there BUNDLES=$BATS_TEST_TMPDIR/bundles AWAY=$ID
	run_counter
	hull migrate "$ID" "$store"
	gone_here
	first=$(count)
	assert_eq "$(ls "$store")" container.hull
	assert_eq "$(stat -c %a "$store/container.hull")" 600
	mkdir "$BATS_TEST_TMPDIR/cut"
	size=$(stat -c %s "$store/container.hull")
	for at in 0 5 100 3000 $((size / 3)) $((size / 2)) $((size - 9)) $((size - 1)); do
		head -c "$at" "$store/container.hull" >"$BATS_TEST_TMPDIR/cut/container.hull"
		try there receive --bundles "$BUNDLES" "$BATS_TEST_TMPDIR/cut"
		assert_error "the file ends before the container does"
		nothing_there
	done
	try there receive --bundles "$BUNDLES" "$store"
	assert_ok
	goes_on_there "$first"
	assert_eq "$(ls "$store")" ""
	try there receive --bundles "$BUNDLES" "$store"
	assert_error "$store/container.hull"
	there delete --force "$ID"
}
