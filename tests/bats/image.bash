# shellcheck shell=bash disable=SC2016 # the container's own names
# An image to run.

# image_make FOLDER: an image "box" of busybox in FOLDER/layout, made by umoci.
image_make() {
	cd "$1" || return
	umoci init --layout layout
	umoci new --image layout:box
	umoci unpack --image layout:box box >unpack.log 2>&1
	cd box/rootfs || return
	mkdir -p bin data etc home/user tmp usr/bin var/lib/dpkg
	chmod 1777 tmp
	cp "$(command -v busybox)" bin/busybox
	chroot . /bin/busybox --install -s /bin
	printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000:user:/home/user:/bin/sh >etc/passwd
	printf '%s\n' root:x:0: user:x:1000: extra:x:2000:user >etc/group
	printf 'Package: box\nStatus: install ok installed\nVersion: 1.0\n' >var/lib/dpkg/status
	echo from-the-image >data/file
	chown 1000:1000 home/user
	cd "$1" || return
	umoci repack --image layout:box box >repack.log 2>&1
	umoci config --image layout:box --config.entrypoint /bin/sh --config.entrypoint -c \
		--config.cmd 'id -un; pwd; echo $COLOUR' --config.env COLOUR=red --config.user user \
		--config.workingdir /work/here --config.label org.example.kind=box --config.volume /data
}
