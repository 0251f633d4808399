# shellcheck shell=bash disable=SC2016,SC2034 # the container's own names; used by the files
# Programs of other architectures: Debian's busybox for them, Debian's qemu-user that executes them.

# The names that QEMU has for what is tested, and what uname(1) says there.
declare -gA MACHINES=([aarch64]=aarch64 [arm]=armv7l [ppc64le]=ppc64le [riscv64]=riscv64 [s390x]=s390x)

# foreign_find: $FOREIGN has busybox-ARCH and qemu-ARCH of each; for setup_file.
foreign_find() {
	local lab=$BATS_TEST_DIRNAME/../lab
	FOREIGN=$("$lab/foreign")
	export FOREIGN
}

# foreign_programs ARCH FOLDER: a busybox for ARCH is all that is in FOLDER.
foreign_programs() {
	local links=$BATS_FILE_TMPDIR/links name
	if [[ ! -d $links ]]; then
		mkdir "$links"
		for name in sh cat chmod cp echo env grep head id kill ls mount ps readlink sha256sum sleep \
			stat stty touch tr true tty uname; do
			ln -s busybox "$links/$name"
		done
	fi
	rm -rf "$2"
	cp -a "$links" "$2"
	cp "$FOREIGN/busybox-$1" "$2/busybox"
}

# emulators ARCH...: what the annotation says.
emulators() {
	local arch list=''
	for arch; do list+=",$FOREIGN/qemu-$arch"; done
	printf '%s' "${list#,}"
}

# foreign ARCH: the bundle of the test is of that architecture and says what executes it.
foreign() {
	foreign_programs "$1" "$ROOTFS/bin"
	annotate "$FOREIGN/qemu-$1"
}

# annotate TEXT: hull.emulator.
annotate() { config --arg text "$1" '.annotations["hull.emulator"] = $text'; }

# registrations: what the machine itself has registered, also where it is not mounted.
registrations() {
	unshare --mount sh -c 'mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && cd /proc/sys/fs/binfmt_misc &&
		for file in *; do echo "$file"; [ "$file" = register ] || cat "$file"; done'
}

# with_emulators COMMAND...: on a machine that has Debian's emulators in /usr/local/bin.
with_emulators() {
	unshare --mount sh -c 'mount --bind "$FOREIGN" /usr/local/bin && exec "$@"' - "$@"
}

# multi_make FOLDER: the layout FOLDER/layout with a tag for each of these platforms, and "multi", an
# index of them. Made by umoci, but for the index, which it cannot make.
PLATFORMS='riscv64=riscv64 aarch64=arm64 arm=arm/v7 s390x=s390x'
multi_make() {
	local pair arch tag variant index digest
	cd "$1" || return
	umoci init --layout layout
	for pair in $PLATFORMS; do
		arch=${pair%%=*} tag=${pair#*=}
		variant=${tag#"${tag%%/*}"} tag=${tag%%/*}
		umoci new --image "layout:$tag"
		umoci unpack --image "layout:$tag" "box-$tag" >>umoci.log 2>&1
		foreign_programs "$arch" "box-$tag/rootfs/bin"
		mkdir -p "box-$tag/rootfs"/{etc,tmp,proc}
		umoci repack --image "layout:$tag" "box-$tag" >>umoci.log 2>&1
		umoci config --image "layout:$tag" --os linux --architecture "$tag" \
			--config.entrypoint /bin/sh --config.entrypoint -c --config.cmd 'uname -m'
		rm -rf "box-$tag"
		index+=${index:+,}$(jq -c --arg tag "$tag" --arg variant "${variant#/}" '
			.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $tag)
			| del(.annotations) | .platform = ({os: "linux", architecture: $tag}
			+ if $variant == "" then {} else {variant: $variant} end)' layout/index.json)
	done
	index='{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":['$index']}'
	digest=$(printf %s "$index" | sha256sum | cut -d' ' -f1)
	printf %s "$index" >"layout/blobs/sha256/$digest"
	jq -c --arg digest "sha256:$digest" --argjson size "${#index}" '.manifests += [{
		mediaType: "application/vnd.oci.image.index.v1+json", digest: $digest, size: $size,
		annotations: {"org.opencontainers.image.ref.name": "multi"}}]' layout/index.json >index.new
	mv index.new layout/index.json
}
