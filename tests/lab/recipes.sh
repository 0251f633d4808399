# shellcheck shell=bash
# shellcheck disable=SC2034 # for those who source it
# How the lab's cache entries are built from Debian 13. Source cache.sh first.

lab_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
lab_tree=$(cd "$lab_dir/../.." && pwd)
lab_mirror=${HULL_MIRROR:-http://deb.debian.org/debian}

# debootstrap_run VARIANT PACKAGES TARGET [OPTION]...: mmdebstrap in namespaces of its own, so that
# none of its mounts and processes outlive it when it is killed.
debootstrap_run() {
	local variant=$1 packages=$2 target=$3
	shift 3
	command -v mmdebstrap >/dev/null || {
		echo "mmdebstrap is missing: apt-get install mmdebstrap"
		return 1
	}
	# INITRD=No: the kernel package would spend a minute on an initramfs that nobody boots.
	env -u TMPDIR INITRD=No LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=1735689600 \
		unshare --mount --pid --fork --kill-child --mount-proc -- \
		mmdebstrap --mode=root --variant="$variant" --include="$packages" \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/info/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		"$@" trixie "$target" "$lab_mirror"
}

root_build() {
	local packages
	packages=$(sed 's/#.*//' "$lab_dir/packages" | xargs | tr ' ' ',')
	debootstrap_run minbase "$packages" "$1/root" || return
	# Without a running systemd its cgroup manager and journal are not there to talk to.
	mkdir -p "$1/root/etc/containers/containers.conf.d"
	cat >"$1/root/etc/containers/containers.conf.d/lab.conf" <<-'EOF'
		[engine]
		cgroup_manager = "cgroupfs"
		events_logger = "file"
	EOF
	echo lab >"$1/root/etc/hostname"
}

image_build() {
	debootstrap_run minbase busybox-static,libcap2-bin,procps "$1/debian-minbase.tar"
}

# Programs of other architectures and what emulates them: busybox-ARCH and qemu-ARCH, by QEMU's names.
foreign_architectures='aarch64=arm64 arm=armhf i386=i386 ppc64le=ppc64el riscv64=riscv64 s390x=s390x'

foreign_build() {
	local pair jobs=() job
	for pair in $foreign_architectures; do
		debootstrap_run extract busybox-static "$1/root-${pair%=*}" \
			--architectures="${pair#*=}" &
		jobs+=($!)
	done
	debootstrap_run extract qemu-user "$1/root-qemu" &
	jobs+=($!)
	for job in "${jobs[@]}"; do wait "$job" || return; done
	for pair in $foreign_architectures; do
		mv "$1/root-${pair%=*}/usr/bin/busybox" "$1/busybox-${pair%=*}" || return
		mv "$1/root-qemu/usr/bin/qemu-${pair%=*}" "$1/" || return
	done
	rm -rf "$1"/root-*
}

# The machine's disk and kernel: the Debian 13 root with our init, made by that root's own mke2fs.
disk_build() {
	local entry
	root_entry
	cp "$entry"/root/boot/vmlinuz-* "$1/vmlinuz" || return
	"$lab_dir/trixie" --bind "$entry/root:/mnt/root" --bind "$1:/mnt/disk" -- "$lab_dir/make-disk"
}

# The same with Debian 12's kernel.
disk_6_1_build() {
	local entry
	root_entry
	kernel_6_1_unpack "$1/kernel" || return
	mv "$1"/kernel/boot/vmlinuz-* "$1/vmlinuz" || return
	"$lab_dir/trixie" --bind "$entry/root:/mnt/root" --bind "$1/kernel/lib/modules:/mnt/modules" \
		--bind "$1:/mnt/disk" -- "$lab_dir/make-disk" || return
	rm -rf "$1/kernel"
}

# kernel_6_1_unpack FOLDER: the files of Debian 12's kernel alone.
kernel_6_1_unpack() {
	env -u TMPDIR LC_ALL=C.UTF-8 unshare --mount --pid --fork --kill-child --mount-proc -- \
		mmdebstrap --mode=root --variant=extract --include=linux-image-cloud-amd64 \
		--aptopt='APT::Install-Recommends "false"' bookworm "$1" "$lab_mirror"
}

# root_entry, image_entry, foreign_entry, disk_entry, disk_6_1_entry: set $entry as cache_entry does.
root_stamp() {
	cache_stamp "$lab_dir/packages" "$(declare -f debootstrap_run root_build)" "$lab_mirror"
}

root_entry() {
	cache_entry trixie "$(root_stamp)" root_build
}

image_stamp() {
	cache_stamp "$(declare -f debootstrap_run image_build)" "$lab_mirror"
}

image_entry() {
	cache_entry image "$(image_stamp)" image_build
}

foreign_stamp() {
	cache_stamp "$(declare -f debootstrap_run foreign_build)" "$foreign_architectures" "$lab_mirror"
}

foreign_entry() {
	cache_entry foreign "$(foreign_stamp)" foreign_build
}

disk_stamp() {
	cache_stamp "$(root_stamp)" "$(image_stamp)" "$(foreign_stamp)" "$lab_dir/make-disk" \
		"$lab_dir/guest" "$@"
}

disk_entry() {
	root_entry
	image_entry
	cache_entry disk "$(disk_stamp "$(declare -f disk_build)")" disk_build
}

disk_6_1_entry() {
	root_entry
	image_entry
	cache_entry disk-6.1 "$(disk_stamp "$(declare -f disk_6_1_build kernel_6_1_unpack)")" disk_6_1_build
}
