# shellcheck shell=bash
# Programs of other architectures: Debian's busybox for them, Debian's qemu-user that executes them.

# The names that QEMU has for what is tested, and what uname(1) says there.
declare -A MACHINES=([aarch64]=aarch64 [arm]=armv7l [ppc64le]=ppc64le [riscv64]=riscv64 [s390x]=s390x)

# foreign_find: $FOREIGN has busybox-ARCH and qemu-ARCH of each; for setup_file.
foreign_find() {
	local lab=$BATS_TEST_DIRNAME/../lab
	if [[ -d $lab && ! -d /lab/foreign && -e /lab/debian-minbase.tar ]]; then
		skip "the virtual machine has no programs of other architectures"
	fi
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

# emulators [ARCH...]: what the annotation says; all that there are when none is named.
emulators() {
	local arch list=''
	for arch in "${@:-${!MACHINES[@]}}"; do
		# Without a name of the caller's, "$@" is one word of nothing.
		list+=",$FOREIGN/qemu-$arch"
	done
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
