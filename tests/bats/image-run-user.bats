#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # names of the container's own, and of rootless.bash
# hull image run as an ordinary user, with and without ranges in /etc/subuid and /etc/subgid.

load rootless
load image

eval "user_$(declare -f setup_file)"
setup_file() {
	user_setup_file
	install -m 755 "$(dirname "$HULL")/hull-image" "$BATS_FILE_TMPDIR/hull-image"
	image_make "$BATS_FILE_TMPDIR"
	chmod -R a+rX "$BATS_FILE_TMPDIR/layout"
	IMAGES=$BATS_FILE_TMPDIR/images
	BOX=oci:$BATS_FILE_TMPDIR/layout:box
	export IMAGES BOX
	install -d -m 700 -o "$USER_ID" -g "$USER_ID" "$IMAGES"
}

image() { hull image --store "$IMAGES" "$@"; }

@test "user: image run, as root of his own, with his id alone" {
	try image run --user root "$BOX" 'id -u; cat /proc/self/uid_map; touch /file; rm -r /data; echo $?'
	assert_ok
	assert_eq "$(xargs <<<"$output")" "0 0 $USER_ID 1 0"
	try image -v run --user root "$BOX" true
	[[ $stderr == *'mounted as "folder": mounting EROFS needs root'* ]] || report "not said how"
	try image run --network host --user root "$BOX" 'readlink /proc/self/ns/net; ls /sys | grep -c kernel'
	assert_output "$(readlink /proc/self/ns/net)"$'\n1'
}

@test "user: image run with ranges: the image's users" {
	RANGES=true
	rm -rf "${IMAGES:?}"/*
	try image run "$BOX" 'id -un; touch ~/file; stat -c %u ~/file; cat /proc/self/uid_map'
	assert_ok
	assert_eq "$(xargs <<<"$output")" "user 1000 0 $USER_ID 1 1 $RANGE 65536"
	try image check
	assert_ok
	try image remove "$(image list --quiet)"
	assert_ok
	assert_eq "$(find "$IMAGES" -type f ! -name version; ls "$IMAGES/trees" "$IMAGES/partial")" \
		"$IMAGES/partial:"$'\n\n'"$IMAGES/trees:"
	rm -rf "${IMAGES:?}"/*
}

@test "user: an image in one file goes into the user's store and runs from there" {
	local file=$BATS_FILE_TMPDIR/images/box.hull
	try image run --user root "$BOX" true
	assert_ok
	try image export --single "$file" "$BOX"
	assert_ok
	rm -rf "${IMAGES:?}"/{names,layers}
	try image -v run --user root "$file" 'id -u; cat /data/file'
	assert_output $'0\nfrom-the-image'
	[[ $stderr == *"it goes into the store"* ]]
	rm -rf "${IMAGES:?}"/*
}

@test "user: image exec, --cpus, a limit that needs a cgroup" {
	try image run --name "$ID" --detach --cpus 1 --user root "$BOX" 'exec sleep 1000'
	assert_output "$ID"
	try image exec "$ID" sh -c 'id -u; nproc; hostname; exit 4'
	assert_status 4
	assert_output $'0\n1\nhull'
	try image exec --user 0 "$ID" sh -c 'echo $HOME'
	assert_output /root
	try image run --memory 64M --user root "$BOX" true
	[[ $status -eq 0 || $stderr == *"no cgroup"* ]]
	not grep -qF "$XDG" /proc/self/mountinfo
}
