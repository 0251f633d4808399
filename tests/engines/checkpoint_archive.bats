#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Archives of checkpoints: written, read several times, and hostile ones refused.

load checkpoint

# overlay_root: the root file system is an overlay on what it was.
overlay_root() {
	mv rootfs lower
	mkdir rootfs upper work
	mount -t overlay -o "lowerdir=$PWD/lower,upperdir=$PWD/upper,workdir=$PWD/work" overlay rootfs
	cleanup_later "umount $PWD/rootfs"
}
list() { tar -tf "$1"; }
nothing_beside() { not compgen -G "${1%/*}/.hull-*"; }
# other_bundle NAME: an empty one, or (with a second argument) with the lower files and config.json.
other_bundle() {
	mkdir "$BATS_TEST_TMPDIR/$1"
	[[ -z ${2-} ]] || {
		cp -al lower "$BATS_TEST_TMPDIR/$1/rootfs"
		rm -r "$BATS_TEST_TMPDIR/$1/rootfs/dropped" "$BATS_TEST_TMPDIR/$1/rootfs/folder"
		cp -a lower/dropped lower/folder "$BATS_TEST_TMPDIR/$1/rootfs/"
	}
}
import() {
	try hull restore --detach --import "$ARCHIVE" --bundle "$BATS_TEST_TMPDIR/$1" "${@:3}" "$2"
	assert_ok
}
refused() {
	try hull restore --detach --import "$1" --bundle "$BATS_TEST_TMPDIR/target" "${@:2}" "$ID"
	((status != 0)) || fail "accepted"
	gone || fail "a container is there"
	assert_eq "$(find "$BATS_TEST_TMPDIR/target" -mindepth 1)" ""
}

@test "checkpoint --export, restore --import: twice from one archive, with the changes of the files" {
	local n first
	ARCHIVE=$BATS_TEST_TMPDIR/out/archive.tar.zst
	mkdir "$BATS_TEST_TMPDIR/out" "$ROOTFS/folder"
	echo old >"$ROOTFS/dropped"
	touch "$ROOTFS/folder/one" "$ROOTFS/folder/two"
	overlay_root
	SCRIPT='echo new >/root/file; ln /root/file /root/same; rm /dropped; rm -r /folder; mkdir /folder; touch /folder/three; '
	config '.linux.resources.pids.limit = 77'
	run_counter
	checkpoint_export() { hull checkpoint --export "$ARCHIVE" "$@" "$ID"; }
	checkpoint_export --leave-running
	goes_on "$(count)"
	assert_eq "$(stat -c %a "$ARCHIVE")" 600
	nothing_beside "$ARCHIVE"
	list "$ARCHIVE" >names
	for n in config.dump spec.dump checkpoint/inventory.img checkpoint/descriptors.json rootfs-diff.tar deleted.files dump.log stats-dump; do
		grep -qx "$n" names || fail "no $n in the archive:" "$(<names)"
	done
	tar -xOf "$ARCHIVE" deleted.files | jq -c sort >deleted
	assert_eq "$(<deleted)" '["/dropped","/folder/one","/folder/two"]'
	assert_eq "$(tar -xOf "$ARCHIVE" config.dump | jq -r '.id, .runtime')" "$ID"$'\nhull'
	first=$(count)
	for n in 1 2; do
		other_bundle "other$n" with
		import "other$n" "$ID-$n"
		ROOTFS=$BATS_TEST_TMPDIR/other$n/rootfs wait_until counts_beyond 3
		try hull exec "$ID-$n" sh -c 'cat /root/file /root/same; ls -d /dropped /folder/*; stat -c %h /root/file'
		assert_output $'new\nnew\n/folder/three\n2'
		assert_eq "$(limit "$(pid_of "$ID-$n")" pids pids.max pids.max)" 77
		nothing_beside "$BATS_TEST_TMPDIR/other$n/x"
	done
	# What is below the other ones is untouched, and the one that was saved is still there.
	assert_eq "$(<lower/dropped)" old
	goes_on "$first"
	checkpoint_export
	gone
}

@test "checkpoint --export --with-rootfs: a bundle out of nothing; paths of the host have to be allowed" {
	local data=$BATS_TEST_TMPDIR/data
	ARCHIVE=$BATS_TEST_TMPDIR/archive.tar
	mkdir "$data" "$BATS_TEST_TMPDIR/target"
	mount_add /data bind "$data" bind
	run_counter
	hull checkpoint --export "$ARCHIVE" --with-rootfs --uncompressed "$ID"
	gone
	refused "$ARCHIVE"
	[[ $stderr == *"mounts["*"].source: the archive may not choose paths of this machine: --allow-path"* ]] || fail "$stderr"
	refused "$ARCHIVE" --allow-path "$data/deeper"
	import target "$ID" --allow-path "$data"
	ROOTFS=$BATS_TEST_TMPDIR/target/rootfs wait_until counts_beyond 3
	touch "$data/seen"
	try hull exec "$ID" ls /data
	assert_output seen
	# A name that is in use: nothing is unpacked.
	mkdir "$BATS_TEST_TMPDIR/second"
	try hull restore --detach --import "$ARCHIVE" --bundle "$BATS_TEST_TMPDIR/second" "$ID"
	assert_error "already exists"
	assert_eq "$(ls -A "$BATS_TEST_TMPDIR/second")" ""
	hull delete --force "$ID"
}

@test "restore --import: hostile, foreign and cut archives" {
	local bad=$BATS_TEST_TMPDIR/bad.tar name size
	ARCHIVE=$BATS_TEST_TMPDIR/archive.tar
	mkdir "$BATS_TEST_TMPDIR/target" parts
	run_counter
	hull checkpoint --export "$ARCHIVE" --uncompressed "$ID"
	tar -xf "$ARCHIVE" -C parts
	# The parts, changed.
	pack() { tar -cf "$bad" -C parts .; }
	echo precious >"$BATS_TEST_TMPDIR/precious"

	size=$(stat -c %s "$ARCHIVE")
	head -c $((size / 2)) "$ARCHIVE" >"$bad"
	refused "$bad"
	head -c 1000000 /dev/urandom >"$bad"
	refused "$bad"
	: >"$bad"
	refused "$bad"
	[[ $stderr == *"is no archive of a checkpoint"* ]] || fail "$stderr"
	refused "$BATS_TEST_TMPDIR/none"
	refused "$BATS_TEST_TMPDIR/target"

	# Names and links that lead out.
	"$PYTHON" - "$ARCHIVE" "$bad" "$BATS_TEST_TMPDIR" <<-'EOF_PY'
		import io, sys, tarfile
		base, bad, folder = sys.argv[1:]
		def entry(name, type=tarfile.REGTYPE, link="", data=b"evil"):
		    i = tarfile.TarInfo(name)
		    i.type, i.linkname = type, link
		    i.size = len(data) if type == tarfile.REGTYPE else 0
		    return i, data
		def diff(*entries):
		    b = io.BytesIO()
		    with tarfile.open(fileobj=b, mode="w") as t:
		        for i, d in entries:
		            t.addfile(i, io.BytesIO(d) if i.size else None)
		    return entry("rootfs-diff.tar", data=b.getvalue())
		cases = [
		    [entry("checkpoint/../../precious")],
		    [entry("checkpoint/a/b.img")],
		    [entry("checkpoint/parent", tarfile.SYMTYPE, folder)],
		    [entry("checkpoint/link.img", tarfile.LNKTYPE, "spec.dump")],
		    [entry("checkpoint/node.img", tarfile.CHRTYPE)],
		    [entry("spec.dump")],
		    [entry("checkpoint/inventory.img")],
		    [diff(entry("../precious"))],
		    [diff(entry(folder + "/precious"))],
		    [diff(entry("out", tarfile.SYMTYPE, folder), entry("out/precious"))],
		    [diff(entry("hard", tarfile.LNKTYPE, "../../precious"))],
		    [entry("rootfs-diff.tar", data=b"x" * 1024)],
		    [entry("deleted.files", data=b'["../../precious"]')],
		    [entry("deleted.files", data=b'[3]')],
		    [entry("deleted.files", data=b'{')],
		]
		for n, case in enumerate(cases):
		    name = "%s.%d" % (bad, n)
		    open(name, "wb").write(open(base, "rb").read())
		    with tarfile.open(name, "a") as t:
		        for i, d in case:
		            t.addfile(i, io.BytesIO(d) if i.size else None)
	EOF_PY
	for name in "$bad".*; do refused "$name"; done
	assert_eq "$(<"$BATS_TEST_TMPDIR/precious")" precious

	# Configurations that use this machine.
	for change in '.hooks = {prestart: [{path: "/bin/true"}]}' \
		'.mounts += [{destination: "/x", type: "ext4", source: "/dev/sda"}]' \
		'.mounts += [{destination: "/x", type: "none", source: "../..", options: ["rbind"]}]' \
		'.linux.namespaces[0].path = "/proc/1/ns/pid"' \
		'.linux.devices = [{path: "/dev/sda", type: "b", major: 8, minor: 0}]' \
		'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/x"}' \
		'.linux.netDevices = {eth0: {}}' 'del(.linux)' '[]'; do
		jq "$change" config.json >parts/spec.dump
		pack
		refused "$bad"
		[[ $stderr == *spec.dump* ]] || fail "$change: $stderr"
	done
	rm parts/spec.dump
	pack
	refused "$bad"
	# A bundle of the caller's own says it all.
	restore_into() { hull restore --detach --import "$bad" "$ID" </dev/null >>"$OUT" 2>&1; }
	restore_into
	goes_on "$(count)"
}

@test "checkpoint --export: a full disk, no folder; the container runs on and nothing is left" {
	local small=$BATS_TEST_TMPDIR/small
	mkdir "$small"
	host_mount -t tmpfs -o size=256k tmpfs "$small"
	run_counter
	try hull checkpoint --export "$small/archive.tar" --uncompressed "$ID"
	assert_status 1
	goes_on "$(count)"
	assert_eq "$(ls -A "$small")" ""
	mount -o remount,size=1300k "$small"
	try hull checkpoint --export "$small/archive.tar" --uncompressed "$ID"
	assert_status 1
	goes_on "$(count)"
	assert_eq "$(ls -A "$small")" ""
	try hull checkpoint --export "$BATS_TEST_TMPDIR/none/archive.tar" "$ID"
	assert_error "--export" "$BATS_TEST_TMPDIR/none"
	try hull checkpoint --export x --image-path y "$ID"
	assert_error "--export: does not go with --image-path"
	try hull checkpoint --with-rootfs "$ID"
	assert_error "only with --export"
	assert_eq "$(status_of)" running
	goes_on "$(count)"
}
