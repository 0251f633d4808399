#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's; try sets $output
# hull image run: images of other platforms, from a registry and from a layout.

load setup
load registry
load foreign

setup_file() {
	if $PEER; then skip "hull's own command"; fi
	foreign_find
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR"
	multi_make "$BATS_FILE_TMPDIR"
	IMAGES=$BATS_FILE_TMPDIR/images
	MULTI=oci:$BATS_FILE_TMPDIR/layout:multi
	RISCV=oci:$BATS_FILE_TMPDIR/layout:riscv64
	export IMAGES MULTI RISCV
	"$HULL" image --store "$IMAGES" pull --quiet --platform riscv64 "$RISCV"
	registry_start plain
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$(<plain.address)" >registries.conf
	export CONTAINERS_REGISTRIES_CONF=$BATS_FILE_TMPDIR/registries.conf
	skopeo copy -q --all --dest-tls-verify=false "oci:layout:multi" "docker://$(<plain.address)/lab/multi:1"
}

teardown_file() { servers_stop; }

image() { with_emulators env "$MARK" timeout --foreground -s KILL "$HULL_TIMEOUT" "$HULL" --root "$STATE" image --store "$IMAGES" "$@" 3>&- 4>&-; }
# Without the emulators of the test.
image_here() { hull image --store "$IMAGES" "$@"; }

@test "image run --platform: each of four from a registry, in turn under one name" {
	local name before
	name=$(<"$BATS_FILE_TMPDIR/plain.address")/lab/multi:1
	before=$(registrations)
	for pair in $PLATFORMS; do
		try image run --platform "linux/${pair#*=}" "$name"
		assert_ok
		assert_output "${MACHINES[${pair%%=*}]}"
	done
	# Now that of s390x is in the store: it is what the name stands for until another is asked for.
	try image run "$name"
	assert_output s390x
	try image run --pull never --platform linux/arm64 "$name"
	assert_error --code 125 "linux/s390x" "linux/arm64"
	try image run --platform aarch64 "$name"
	assert_output aarch64
	assert_eq "$(registrations)" "$before"
}

@test "image run --platform: one that there is not: those that there are" {
	local name
	name=$(<"$BATS_FILE_TMPDIR/plain.address")/lab/multi:1
	try image run --platform linux/ppc64le "$name"
	assert_error --code 125 linux/ppc64le linux/riscv64 linux/arm64 linux/arm/v7 linux/s390x
	try image run --platform linux/arm/v6 "$MULTI"
	assert_error --code 125 linux/arm/v6 linux/arm/v7
	try image run --platform 'linux arm' "$MULTI"
	assert_error --code 125 "must be OS/ARCH"
}

@test "image run: a foreign program's children, scripts, users, exit code and exec" {
	try image run --user 1000:1000 "$RISCV" 'id -u; (uname -m); exit 6'
	assert_status 6
	assert_output $'1000\nriscv64'
	try image run --name "$ID" --detach "$RISCV" 'exec sleep 1000'
	assert_ok
	try hull exec "$ID" uname -m
	assert_output riscv64
	hull delete --force "$ID"
}

@test "image run: /proc/cpuinfo is not the machine's" {
	try image run "$RISCV" 'cat /proc/cpuinfo'
	assert_ok
	assert_has hart isa rv64
	assert_lacks "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)"
}

@test "image run --emulator: a path, whose name may tell nothing" {
	cp "$FOREIGN/qemu-riscv64" "$BATS_TEST_TMPDIR/my-own"
	try image_here run --emulator "$BATS_TEST_TMPDIR/my-own" "$RISCV" 'uname -m; grep interpreter /proc/sys/fs/binfmt_misc/qemu-riscv64'
	assert_ok
	assert_output riscv64$'\n'"interpreter $BATS_TEST_TMPDIR/my-own"
	try image_here run --emulator "$FOREIGN/busybox-aarch64" "$RISCV"
	assert_error --code 125 "--emulator" "no program of this machine" arm64
	try image_here run --emulator /no/such "$RISCV"
	assert_error --code 125 "--emulator" /no/such
	try image_here run --emulator vax "$RISCV"
	assert_error --code 125 "--emulator" vax
}

@test "image run: without an emulator it says what to install" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	try env "$MARK" unshare --mount sh -c 'mount --bind "$1" /usr/local/bin && mount --bind "$1" /usr/bin &&
		shift && exec "$@"' - "$BATS_TEST_TMPDIR/empty" "$HULL" --root "$STATE" image --store "$IMAGES" run "$RISCV"
	assert_error --code 125 "the image is for riscv64" "no emulator" qemu-user
}

# relabelled ARCH: an image of riscv64's programs that says it is for ARCH.
relabelled() {
	cp -r "$BATS_FILE_TMPDIR/layout" lying
	umoci config --image lying:riscv64 --tag lies --architecture "$1"
	LYING=oci:$PWD/lying:lies
}

@test "image run: an image that lies about its architecture" {
	relabelled amd64
	try image run "$LYING"
	assert_error --code 125 "says that it is for linux/amd64" /bin/sh "a program for riscv64" "--emulator riscv64"
	try image run --emulator riscv64 "$LYING" 'uname -m'
	assert_output riscv64
	rm -r lying
	relabelled arm64
	try image run "$LYING"
	[[ $status -eq 125 && $stderr == *"a program for riscv64"* ]]
}

@test "image run --cpu-model: the CPU that is emulated" {
	try image run --cpu-model rv64,v=true,vlen=256 "$RISCV" 'echo $QEMU_CPU; uname -m'
	assert_ok
	assert_output $'rv64,v=true,vlen=256\nriscv64'
	try image run --cpu-model x86-64-v3 "$RISCV"
	assert_error --code 125 "--cpu-model" "riscv64 has no CPU" Haswell
}

@test "image lock: emulator, version and digest; a locked run holds to them" {
	local digest
	digest=sha256:$(sha256sum <"$FOREIGN/qemu-riscv64" | cut -d' ' -f1)
	try image lock --cpu-model rv64 "$RISCV" 'uname -m; echo $QEMU_CPU'
	assert_ok
	assert_eq "$(jq -r '.runtime.emulators[0] | .architecture, .path, .digest' hull.lock)" \
		riscv64$'\n'/usr/local/bin/qemu-riscv64$'\n'"$digest"
	assert_eq "$(jq -r '.runtime.cpu | .model, .enforce' hull.lock)" $'rv64\nemulator'
	[[ $("$FOREIGN/qemu-riscv64" --version) == *"version $(jq -r '.runtime.emulators[0].version' hull.lock) "* ]]
	try image run --locked
	assert_ok
	assert_output $'riscv64\nrv64'
	try image run --locked --emulator "$FOREIGN/qemu-riscv64"
	assert_error --code 125 "--locked"
	# Another emulator of the same version, and one of another version.
	mkdir bin
	cp "$FOREIGN/qemu-riscv64" bin/
	echo >>bin/qemu-riscv64
	FOREIGN=$PWD/bin try image run --locked
	assert_error --code 125 hull.lock "locked is $digest"
	printf '#!/bin/sh\n' >bin/qemu-riscv64
	FOREIGN=$PWD/bin try image run --locked
	assert_error --code 125 hull.lock "is no program"
}

@test "image run --record, image rerun: the same emulator, the same bytes" {
	try image run --record run.json --output results:/out --cpu-model rv64 "$RISCV" 'uname -m >/out/machine'
	assert_ok
	assert_eq "$(cat results/machine)" riscv64
	grep -q "sha256:$(sha256sum <"$FOREIGN/qemu-riscv64" | cut -d' ' -f1)" run.json
	try image rerun run.json
	assert_ok
}
