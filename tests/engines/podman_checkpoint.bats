#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Podman's own checkpoint, restore, export and import, through hull.

load podman

COUNTER='i=0; while :; do i=$((i + 1)); echo $i; sleep 0.05 || :; done'

setup_file() { command -v criu >/dev/null || skip "no criu on this machine"; }

# run_counter [OPTION...]: $C counts on its standard output.
run_counter() {
	podman run --detach --name "$C" --log-opt "path=$PWD/log" "$@" debian sh -c "$COUNTER" >/dev/null
	wait_until counts_beyond 2
}
last() { awk '$2 == "stdout" { n = $4 } END { print n + 0 }' "$PWD/log"; }
counts_beyond() { (($(last) > $1)); }
# No number is missing, and none came twice.
assert_counted() {
	awk '$2 == "stdout" && $4 != ++n { print "line " NR ": " $0; bad = 1 } END { exit bad }' "$PWD/log"
}

@test "podman checkpoint, podman restore" {
	local before
	run_counter --hostname here
	podman container checkpoint "$C" >/dev/null
	assert_eq "$(status_of)" exited
	assert_eq "$(inspect .State.Checkpointed)" true
	before=$(last)
	podman container restore "$C" >/dev/null
	assert_eq "$(status_of)" running
	wait_until counts_beyond "$((before + 2))"
	assert_counted
	try podman exec "$C" hostname
	assert_output here
	podman rm --force --time 0 "$C" >/dev/null
}

@test "podman checkpoint --leave-running" {
	run_counter
	podman container checkpoint --leave-running "$C" >/dev/null
	assert_eq "$(status_of)" running
	wait_until counts_beyond "$(($(last) + 2))"
	podman rm --force --time 0 "$C" >/dev/null
}

@test "podman checkpoint --export, restore --import under other names" {
	local n before
	mkdir data
	run_counter --volume "$PWD/data:/data" --tmpfs /scratch
	podman exec "$C" sh -c 'echo written >/root/file; echo kept >/scratch/file'
	podman container checkpoint --export "$PWD/archive.tar.zst" "$C" >/dev/null
	before=$(last)
	podman rm "$C" >/dev/null
	for n in 1 2; do
		podman container restore --import "$PWD/archive.tar.zst" --name "$C-$n" >/dev/null
		assert_eq "$(status_of "$C-$n")" running
		try podman exec "$C-$n" cat /root/file /scratch/file
		assert_output $'written\nkept'
	done
	podman rm --force --time 0 "$C-1" "$C-2" >/dev/null
}

@test "podman checkpoint that fails: the container runs on" {
	podman run --detach --name "$C" --log-opt "path=$PWD/log" debian sh -c \
		"exec 7>/tmp/lock; flock 7; $COUNTER" >/dev/null
	wait_until counts_beyond 2
	try podman container checkpoint "$C"
	((status != 0))
	[[ $stderr == *"--file-locks"* ]] || fail "$stderr"
	assert_eq "$(status_of)" running
	wait_until counts_beyond "$(($(last) + 2))"
	podman container checkpoint --file-locks "$C" >/dev/null
	podman container restore --file-locks "$C" >/dev/null
	wait_until counts_beyond "$(($(last) + 2))"
	assert_counted
	podman rm --force --time 0 "$C" >/dev/null
}

@test "podman checkpoint --export, hull restore --import" {
	local image
	run_counter --network none --hostname here
	podman exec "$C" sh -c 'echo written >/root/file'
	podman container checkpoint --leave-running --export "$PWD/archive.tar.zst" "$C" >/dev/null
	mkdir -p bundle/rootfs upper work
	image=$(podman image mount debian)
	mount -t overlay -o "lowerdir=$image,upperdir=$PWD/upper,workdir=$PWD/work" overlay bundle/rootfs
	"$HULL" restore --detach --import "$PWD/archive.tar.zst" --bundle bundle --allow-path / "$C-hull" >hull.log
	try "$HULL" exec "$C-hull" cat /root/file /etc/hostname
	assert_output $'written\nhere'
	"$HULL" delete --force "$C-hull"
	umount bundle/rootfs
	podman image unmount debian
	podman rm --force --time 0 "$C" >/dev/null
}
