#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2016 # status, output, stderr come from setup.bash; $1 is of an inner shell
# The store of images without a registry: tests/image/feed puts layers into it as a download does.
# umoci is the oracle for what an image's files are.

load setup

setup_file() {
	local beside
	for beside in "${HULL%/*}" "${HULL%/*}"/{glibc,sanitize}; do
		[[ ! -x $beside/tests/image/feed || ! -x $beside/hull-image ]] || break
	done
	[[ -x $beside/tests/image/feed ]] || skip "tests/image/feed is not built: make tests"
	export PROGRAMS=$beside
}

setup() {
	# shellcheck disable=SC2034 # teardown of setup.bash asks for it
	ID=hull-${BATS_RUN_TMPDIR##*[^A-Za-z0-9]}-${BATS_SUITE_TEST_NUMBER}t
	STORE=$BATS_TEST_TMPDIR/store
	TREE=$BATS_TEST_TMPDIR/tree
	MNT=$BATS_TEST_TMPDIR/mnt
	mkdir -p "$TREE" "$MNT"
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	cd /
	local target
	for target in "$MNT" "$BATS_TEST_TMPDIR"/disk; do
		! mountpoint -q "$target" || umount -R "$target"
	done
	for target in ${CLEANUPS[@]+"${CLEANUPS[@]}"}; do
		eval "$target"
	done
	assert_no_mounts
}

assert_no_mounts() { not grep -F "$BATS_TEST_TMPDIR/" /proc/self/mountinfo; }

feed() { "$PROGRAMS/tests/image/feed" "$STORE" "$@"; }
image() { "$PROGRAMS/hull-image" image --store "$STORE" "$@"; }
mount_image() { "$PROGRAMS/tests/image/mount" "$STORE" "$@"; }
layer() { tar -C "$TREE" --format=posix --xattrs --xattrs-include='*' -Scf "$1" "${@:2}" .; }

# assert_sound: every digest fits, and nothing is left to repair.
assert_sound() {
	try image check
	assert_ok
	assert_has ": 0 problems"
}

# inventory DIR: all that a file system says of its files, a line each.
inventory() (
	cd "$1" || return
	find . ! -path . -printf '%P %y %m %U:%G %l ' \( -type d -printf '\n' -o -printf '%s %T@ %n\n' \) |
		sort
	find . -type f ! -size +1G -exec sha256sum {} + | sort -k 2
	find . -type b -o -type c | sort | xargs -r stat -c '%n %t:%T'
	find . -type f ! -size +1G | sort |
		xargs getfattr -h -d -m '^(user|security.capability)' | sed '/^$/d'
)

# A tree with one of everything, and what a second layer does to it.
first_layer() {
	mkdir -p "$TREE"/{etc,gone,opaque/deep,usr/lib,dev}
	echo hello >"$TREE/etc/hello"
	touch -d '2001-02-03 04:05:06.123456789' "$TREE/etc/hello"
	ln "$TREE/etc/hello" "$TREE/etc/hard"
	ln -s usr/lib "$TREE/lib"
	ln -s /etc/hello "$TREE/absolute"
	ln -s "$(printf 'y%.0s' {1..600})" "$TREE/long-link"
	touch "$TREE/$(printf 'n%.0s' {1..255})"
	mkdir -p "$TREE/$(printf 'p%.0s' {1..150})/$(printf 'q%.0s' {1..150})"
	mknod "$TREE/dev/null" c 1 3
	mknod "$TREE/dev/disk" b 259 70000
	mkfifo "$TREE/dev/fifo"
	truncate -s 20M "$TREE/sparse"
	printf data | dd of="$TREE/sparse" bs=4096 seek=1000 conv=notrunc status=none
	chown -h 100000:70000 "$TREE/sparse" "$TREE/absolute"
	setfattr -n user.colour -v blue "$TREE/etc/hello"
	cp /bin/true "$TREE/usr/lib/tool"
	chmod 4755 "$TREE/usr/lib/tool"
	setcap cap_net_raw+ep "$TREE/usr/lib/tool"
	chmod 1777 "$TREE/gone"
	echo x >"$TREE/gone/x"
	echo x >"$TREE/opaque/x"
	echo x >"$TREE/opaque/deep/x"
	layer 1.tar
	rm -rf "${TREE:?}"/*
}

second_layer() {
	mkdir -p "$TREE"/{opaque/deep,usr/lib}
	touch "$TREE/.wh.gone" "$TREE/opaque/.wh..wh..opq"
	echo new >"$TREE/opaque/new"
	echo new >"$TREE/opaque/deep/new"
	echo new >"$TREE/usr/lib/new"
	layer 2.tar
	# Without an entry of its folder, and with a link to a lower layer's file.
	python3 - <<-'END'
		import io, tarfile
		with tarfile.open("3.tar", "w") as tar:
		    entry = tarfile.TarInfo("missing/parents/file")
		    entry.size = 5
		    tar.addfile(entry, io.BytesIO(b"hello"))
		    entry = tarfile.TarInfo("usr/lib/link")
		    entry.type = tarfile.LNKTYPE
		    entry.linkname = "etc/hello"
		    tar.addfile(entry)
	END
}

@test "an image's files are those that umoci unpacks, however it is mounted" {
	local n kind
	first_layer
	second_layer
	umoci init --layout oci
	umoci new --image oci:t
	for n in 1 2 3; do umoci raw add-layer --image oci:t $n.tar; done
	umoci unpack --image oci:t unpacked
	# What nobody wrote down has the time of the unpacking there.
	inventory "$BATS_TEST_TMPDIR/unpacked/rootfs" >"$BATS_TEST_TMPDIR/wanted"
	gzip -k 1.tar
	zstd -q 2.tar
	feed img 1.tar.gz 2.tar.zst 3.tar
	for kind in files loop folder; do
		mount_image img "$MNT" $kind
		inventory "$MNT" >"$BATS_TEST_TMPDIR/found"
		umount "$MNT"
		diff "$BATS_TEST_TMPDIR/wanted" "$BATS_TEST_TMPDIR/found"
	done
	assert_sound
}

@test "fsck.erofs accepts the index" {
	local tar devices=() fsck=(fsck.erofs) top=$BATS_TEST_DIRNAME/../..
	# Debian 12's 1.5 knows no blocks of 512 bytes; the lab's sees this tree alone.
	if fsck.erofs -V 2>&1 | grep -qE ' 1\.[0-7](\.|$)'; then
		"$top/tests/lab/trixie" -- fsck.erofs --help >/dev/null 2>&1 || skip "no fsck.erofs of 1.8"
		STORE=$(mktemp -d "$(realpath "$top")/build/fsck.XXXXXX")
		cleanup_later "rm -rf $STORE"
		fsck=("$top/tests/lab/trixie" -- fsck.erofs)
	fi
	first_layer
	second_layer
	feed img 1.tar 2.tar 3.tar
	while read -r tar; do devices+=("--device=$STORE/layers/$tar.tar"); done < <(
		jq -r '.layers[].diffId | ltrimstr("sha256:")' "$STORE/names/img"
	)
	"${fsck[@]}" "${devices[@]}" "$STORE"/indexes/*.erofs
}

@test "a sparse file of 5 GiB" {
	truncate -s 5G "$TREE/large"
	printf data | dd of="$TREE/large" bs=1M seek=4999 conv=notrunc status=none
	layer 1.tar
	feed img 1.tar
	mount_image img "$MNT"
	assert_eq "$(stat -c %s "$MNT/large")" 5368709120
	assert_eq "$(dd if="$MNT/large" bs=1M skip=4999 status=none | head -c 5 | tr '\0' .)" data.
	assert_eq "$(dd if="$MNT/large" bs=1M skip=4990 count=9 status=none | tr -d '\0' | wc -c)" 0
}

@test "the same layers give the same index in another store" {
	first_layer
	second_layer
	feed img 1.tar 2.tar
	STORE=$BATS_TEST_TMPDIR/other feed again 1.tar 2.tar
	cmp "$STORE"/indexes/*.erofs other/indexes/*.erofs
}

@test "100,000 files" {
	"$PYTHON" "$BATS_TEST_DIRNAME/../image/hostile.py" --many 100000 >many.tar
	feed img many.tar
	mount_image img "$MNT"
	assert_eq "$(find "$MNT/many" -type f | wc -l)" 100000
	assert_eq "$(find "$MNT/many" -maxdepth 1 -mindepth 1 -printf '%f\n' | LC_ALL=C sort -c 2>&1)" ""
}

@test "a layer that reaches out of its root is refused, and nothing of it stays" {
	local name word digest
	mkdir -p layers outside
	echo kept >outside/kept
	while IFS=$'\t' read -r name word; do
		digest=$(sha256sum "layers/$name.tar" | cut -d' ' -f1)
		try feed img "layers/$name.tar"
		[[ $status -eq 1 && $stderr == "hull: layer sha256:$digest: entry \""*"$word"* ]] ||
			report "$name: not refused with its digest, an entry and: $word"
		assert_eq "$(wc -l <<<"$stderr")" 1
		assert_eq "$(find "$STORE" -type f ! -name version)" ""
	done < <("$PYTHON" "$BATS_TEST_DIRNAME/../image/hostile.py" layers "$PWD/outside")
	assert_eq "$(ls outside)" kept
	assert_sound
}

@test "through a lower layer's absolute link a file goes into the image, never to the host" {
	local kind
	mkdir -p "$TREE/run" "$PWD/outside"
	ln -s "$PWD/outside" "$TREE/link"
	layer 1.tar
	rm -rf "${TREE:?}"/*
	mkdir "$TREE/link"
	echo inside >"$TREE/link/file"
	tar -C "$TREE" -cf 2.tar link/file
	feed img 1.tar 2.tar
	for kind in files folder; do
		mount_image img "$MNT" $kind
		assert_eq "$(cat "$MNT/$PWD/outside/file")" inside
		umount "$MNT"
	done
	assert_eq "$(ls outside)" ""
}

@test "a download that was cut off goes on where it stopped" {
	head -c 3000000 /dev/urandom >"$TREE/data"
	layer 1.tar
	gzip 1.tar
	try feed img --cut 1000000 1.tar.gz
	assert_status 1
	try feed img --cut 2000000 1.tar.gz
	assert_line "came 1000000"
	try feed img 1.tar.gz
	assert_ok
	assert_line "came 2000000"
	assert_eq "$(ls "$STORE/partial")" ""
	assert_sound
	try feed img 1.tar.gz
	assert_output here
}

@test "what came before and is damaged is refused once, and the next try works" {
	head -c 3000000 /dev/urandom >"$TREE/data"
	layer 1.tar
	try feed img --cut 1000000 1.tar
	printf damage | dd of="$(echo "$STORE"/partial/*)" bs=1 seek=500000 conv=notrunc status=none
	try feed img 1.tar
	assert_status 1
	[[ $stderr == *"what came has the digest sha256:"* ]]
	feed img 1.tar
	assert_sound
}

@test "damaged, cut off and oversized layers leave nothing" {
	head -c 300000 /dev/zero >"$TREE/zeros"
	layer 1.tar
	gzip -k 1.tar
	head -c 200 1.tar.gz >cut.tar.gz
	head -c 100000 1.tar >cut.tar
	echo '<html>not found</html>' >page.html
	{ head -c 100 1.tar.gz && echo damage && tail -c +107 1.tar.gz; } >damaged.tar.gz
	local file
	for file in cut.tar.gz cut.tar page.html damaged.tar.gz; do
		try feed img $file
		[[ $status -eq 1 && $stderr == "hull: layer sha256:"* ]] || report "$file"
	done
	try feed img --most 100000 1.tar.gz
	[[ $status -eq 1 && $stderr == *"more than 100000 bytes"* ]] || report "a bomb"
	assert_eq "$(find "$STORE" -type f ! -name version)" ""
	feed img 1.tar.gz
	assert_sound
}

@test "killed at any moment, nothing has to be repaired" {
	local n pid
	head -c 20000000 /dev/urandom >"$TREE/data"
	layer 1.tar
	gzip -1 1.tar
	first_layer
	for ((n = 0; n < ${HULL_KILL_ROUNDS:-12}; n++)); do
		feed img 1.tar.gz 1.tar >/dev/null 2>&1 3>&- &
		pid=$!
		nap "0.$((RANDOM % 2))$((RANDOM % 10))$((RANDOM % 10))"
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		assert_sound
		((n % 4)) || image remove img >/dev/null 2>&1 || true
	done
	feed img 1.tar.gz 1.tar
	assert_sound
	assert_eq "$(ls "$STORE/partial")" ""
}

@test "a full disk: one message, and with room it goes on" {
	mkdir disk
	host_mount -t tmpfs -o size=12M none "$PWD/disk"
	STORE=$PWD/disk/store
	head -c 8000000 /dev/urandom >"$TREE/data"
	layer 1.tar
	gzip -1 1.tar
	try feed img 1.tar.gz
	assert_status 1
	assert_eq "$(wc -l <<<"$stderr")" 1
	assert_eq "$(ls "$STORE/layers")" ""
	assert_sound
	mount -o remount,size=100M "$PWD/disk"
	feed img 1.tar.gz
	assert_sound
	umount "$PWD/disk"
}

@test "many processes at once, of the same and of other images" {
	local n pids=()
	head -c 5000000 /dev/urandom >"$TREE/data"
	layer 1.tar
	gzip -1 1.tar
	rm "$TREE/data"
	for n in 1 2 3 4 5 6; do
		echo "$n" >"$TREE/own"
		layer "own$n.tar"
		feed "img$n" 1.tar.gz "own$n.tar" >"out$n" 2>&1 3>&- &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
	assert_eq "$(find "$STORE/layers" -name '*.tar' | wc -l)" 7
	assert_eq "$(image list --quiet | wc -l)" 6
	assert_eq "$(ls "$STORE/partial")" ""
	assert_sound
}

@test "check finds what changed on the disk, and --repair makes the next pull get it" {
	local file ending
	first_layer
	for ending in layers/*.tar layers/*.table indexes/*.erofs blobs/*; do
		feed img 1.tar >/dev/null
		file=$(find "$STORE" -path "$STORE/$ending")
		chmod u+w "$file"
		printf X | dd of="$file" bs=1 seek=1 conv=notrunc status=none
		try image check
		assert_status 1
		assert_has "${file#"$STORE/"}: "
		try image check --repair
		feed img 1.tar
		assert_sound
	done
}

@test "check compares an unpacked image with its layers, file by file" {
	local tree change expected
	first_layer
	second_layer
	feed img 1.tar 2.tar 3.tar >/dev/null
	while IFS='|' read -r change expected; do
		mount_image img "$MNT" folder >/dev/null
		umount "$MNT"
		assert_sound
		tree=$(echo "$STORE"/trees/*)
		(cd "$tree" && eval "$change")
		try image check
		assert_has "${tree#"$STORE/"}: $expected" "1 problems"
		assert_status 1
		try image check --repair
		assert_has "1 taken away"
		assert_eq "$(ls "$STORE/trees")" ""
	done <<-'END'
		echo hullo >x; touch -r etc/hello x; cat x >etc/hello; touch -r x etc/hello; rm x|etc/hard has other contents
		echo x >>etc/hello|etc/hard has another size
		chmod 711 usr/lib|usr/lib has another mode
		rm absolute|absolute is missing
		touch -d @5 etc/hello|etc/hard has another time
		cp -a etc/hard x; mv x etc/hard|etc/hello is no longer linked with its other names
		touch etc/new|etc has entries that are in no layer
		ln -sfn usr lib|lib leads elsewhere
		chown 5 etc/hello|etc/hard has another owner
		rm dev/null; mkdir dev/null|dev/null is of another type
		rm dev/null; mknod dev/null c 1 5; chmod 644 dev/null|dev/null is another device
		setfattr -n user.colour -v red etc/hello|etc/hard has other extended attributes
		dd if=etc/hello of=sparse count=1 bs=1 seek=9999999 conv=notrunc status=none|sparse has other contents
	END
}

@test "check --repair leaves an unpacked image that is in use" {
	first_layer
	feed img 1.tar
	mount_image img "$MNT" folder >/dev/null
	umount "$MNT"
	rm "$STORE"/trees/*/etc/hello
	exec {use}<"$(echo "$STORE"/indexes/*.erofs)"
	flock -s "$use"
	try image check --repair
	assert_has "etc/hello is missing (in use)" "0 taken away"
	exec {use}<&-
	try image check --repair
	assert_has "etc/hello is missing"
	assert_sound
}

@test "remove takes what only that image needed" {
	first_layer
	second_layer
	feed one 1.tar 2.tar
	feed two 2.tar
	image remove one
	assert_eq "$(find "$STORE/layers" -name '*.tar' | wc -l)" 1
	assert_sound
	image remove two
	assert_eq "$(find "$STORE" -type f ! -name version)" ""
}

@test "remove and prune leave what is in use" {
	first_layer
	feed img 1.tar
	exec {use}<"$(echo "$STORE"/indexes/*.erofs)"
	flock -s "$use"
	try image remove img
	assert_ok
	image prune --older 0
	assert_eq "$(find "$STORE/layers" -name '*.tar' | wc -l)" 1
	exec {use}<&-
	image prune
	assert_eq "$(find "$STORE/layers" -name '*.tar' | wc -l)" 1
	image prune --older 0
	assert_eq "$(find "$STORE/layers" "$STORE/indexes" "$STORE/diffs" -type f)" ""
}

@test "images are found by name, by digest, by its first digits; a typo gets a hint" {
	first_layer
	feed registry.example/team/tool:1.0 1.tar
	try image list
	assert_has registry.example/team/tool:1.0 44136fa355b3
	try image list --format json
	assert_eq "$(jq -r '.[0].name' <<<"$output")" registry.example/team/tool:1.0
	try image remove registry.example/team/tol:1.0
	assert_error 'did you mean "registry.example/team/tool:1.0"?'
	image remove 44136fa3
	try image list --quiet
	assert_output ""
}

@test "an ordinary user gets the image unpacked, and can remove it" {
	local user=(setpriv --reuid 1000 --regid 1000 --clear-groups env PATH="$PATH")
	mkdir -p "$TREE/closed"
	echo inside >"$TREE/closed/file"
	chmod 0555 "$TREE/closed"
	layer 1.tar
	chmod a+rx "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
	mkdir -m 0777 user
	STORE=$PWD/user/store
	"${user[@]}" "$PROGRAMS/tests/image/feed" "$STORE" img 1.tar
	try "${user[@]}" unshare -Urm sh -c '"$1" "$2" img "$3" && cat "$3/closed/file"' - \
		"$PROGRAMS/tests/image/mount" "$STORE" "$MNT"
	assert_ok
	assert_has "folder mounting EROFS needs root" inside
	"${user[@]}" "$PROGRAMS/hull-image" image --store "$STORE" remove img
	assert_eq "$(find "$STORE" -type f ! -name version)" ""
}

@test "a store of a newer version is left alone" {
	first_layer
	feed img 1.tar
	chmod u+w "$STORE/version"
	echo "hull-image-store 2" >"$STORE/version"
	try image list
	assert_error "made by another version of hull (hull-image-store 2)"
}
