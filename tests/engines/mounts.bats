#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# --read-only, --tmpfs, --volume and --mount.

load podman

# bats test_tags=smoke
@test "read-only: the image cannot be written, the temporary folders can" {
	run_script --read-only 'touch /x 2>&1; touch /etc/x 2>&1; for d in /tmp /run /dev/shm /var/tmp; do
		touch $d/x && echo $d; done'
	assert_line /tmp /run /dev/shm /var/tmp
	assert_eq "$(grep -c 'Read-only file system' <<<"$output")" 2
	run_script --read-only --read-only-tmpfs=false 'touch /tmp/x'
	[[ $status -ne 0 && $stderr == *"Read-only file system"* ]] || report "/tmp"
}

@test "tmpfs: size and mode, and a copy of what the image has there" {
	run_script --tmpfs /etc --tmpfs /srv:size=1m,mode=700,noexec \
		'cat /etc/debian_version; touch /etc/new && echo written; stat -f -c %T /etc
		stat -c %a /srv; head -c 2m /dev/zero 2>/dev/null >/srv/x || echo full
		rm -f /srv/x; cp /bin/true /srv && /srv/true || echo "not executed"'
	assert_has 13 $'\nwritten\ntmpfs\n700\nfull\nnot executed'
	run_script --read-only --tmpfs /usr/local 'ls /usr/local; touch /usr/local/x && echo written'
	assert_line bin sbin written
}

@test "tmpfs: --mount type=tmpfs without a copy" {
	run_script --mount type=tmpfs,destination=/etc/apt,tmpfs-size=64k,notmpcopyup,ro=false \
		'ls /etc/apt | wc -l; stat -f -c "%T" /etc/apt; head -c 1m /dev/zero 2>/dev/null >/etc/apt/x || echo full'
	assert_output $'0\ntmpfs\nfull'
}

@test "volume: read-write, read-only, a single file, a new folder" {
	mkdir data
	echo outside >data/file
	run_script --volume "$PWD/data:/no/such/folder" --volume "$PWD/data:/ro:ro" \
		--volume "$PWD/data/file:/etc/motd:ro" 'cat /etc/motd /ro/file; echo inside >/no/such/folder/new
		touch /ro/x 2>/dev/null || echo "ro denied"; (echo x >/etc/motd) 2>/dev/null || echo "file denied"'
	assert_ok
	assert_output $'outside\noutside\nro denied\nfile denied'
	assert_eq "$(<data/new)" inside
}

@test "volume: a mount below another, read-only with what is below" {
	mkdir -p upper lower
	host_mount -t tmpfs lab "$PWD/upper"
	mkdir upper/below
	host_mount -t tmpfs lab "$PWD/upper/below"
	run_script --volume "$PWD/upper:/m:ro" --volume "$PWD/lower:/m/below/" 'touch /m/below/x && echo x; touch /m/y' || true
	[[ -e lower/x && ! -e upper/y ]] || report "order of mounts"
	run_script --volume "$PWD/upper:/m:ro" 'touch /m/x 2>/dev/null || echo denied; touch /m/below/x 2>/dev/null || echo denied'
	assert_has denied
	[[ ! -e upper/x ]]
}

@test "volume: propagation" {
	mkdir share
	host_mount -t tmpfs lab "$PWD/share"
	mount --make-shared "$PWD/share"
	mkdir share/sub share/other
	run_sleeper --privileged --volume "$PWD/share:/share:rshared" --volume "$PWD/share:/slave:rslave" \
		--volume "$PWD/share:/private:rprivate"
	host_mount -t tmpfs lab "$PWD/share/sub"
	touch share/sub/mark
	try podman exec "$C" sh -c 'ls /share/sub /slave/sub /private/sub | xargs; mount -t tmpfs x /share/other && touch /share/other/mark'
	assert_output '/private/sub: /share/sub: mark /slave/sub: mark'
	[[ -e share/other/mark ]] || fail "a shared mount did not come out"
	umount share/other
}

@test "volume: its path in the image is a symbolic link" {
	mkdir data
	echo outside >data/file
	# /var/run is a link to /run.
	run_script --volume "$PWD/data:/var/run/deep/in" 'cat /run/deep/in/file'
	assert_output outside
	podman run --name "$C" debian sh -c 'ln -s /../../../../../../tmp/escape /evil; ln -s ../../../../../../etc/shadow /evilfile'
	podman commit --quiet "$C" evil >/dev/null
	cleanup_later 'podman rmi --force evil >/dev/null'
	podman rm "$C" >/dev/null
	try podman run --rm --volume "$PWD/data:/evil" --volume "$PWD/data/file:/evilfile" evil \
		sh -c 'cat /tmp/escape/file; cat /etc/shadow'
	assert_output $'outside\noutside'
	[[ ! -e /tmp/escape ]] || fail "the runtime followed a link out of the image"
}

@test "volume: named, with the image's content, shared by two" {
	podman run --rm --volume "v$C:/etc/apt" debian touch /etc/apt/mark
	try podman run --rm --volume "v$C:/v" debian ls /v
	assert_line mark sources.list.d
	podman run --detach --name "$C" --volume "v$C:/v" debian sleep 1000 >/dev/null
	try podman run --rm --volumes-from "$C" debian ls /v
	assert_line mark
	podman rm --force --time 0 "$C" >/dev/null
	podman volume rm "v$C" >/dev/null
}

@test "volume: an overlay, options nosuid, nodev and noexec" {
	mkdir data
	printf '#!/bin/sh\necho ran\n' >data/script
	chmod +x data/script
	run_script --volume "$PWD/data:/o:O" 'echo inside >/o/new; cat /o/new; /o/script'
	assert_output $'inside\nran'
	[[ ! -e data/new ]]
	run_script --volume "$PWD/data:/n:noexec,nosuid,nodev" '/n/script 2>/dev/null || echo denied; grep " /n " /proc/self/mounts'
	assert_has denied noexec nosuid nodev
}

@test "mount: type bind, with a source that is not there" {
	mkdir data
	run_script --mount "type=bind,source=$PWD/data,destination=/d,readonly" 'touch /d/x'
	[[ $status -ne 0 && $stderr == *"Read-only"* ]] || report "message"
	try podman run --rm --mount "type=bind,source=$PWD/none,destination=/d" debian true
	assert_status 125
	assert_nothing_left
}

@test "mount: an image, a device file, devpts" {
	run_script --mount type=image,source=debian,destination=/image 'cat /image/etc/debian_version; touch /image/x 2>/dev/null || echo denied'
	assert_has 13 denied
	run_script --mount type=devpts,destination=/pts 'stat -f -c %T /pts; ls /pts'
	assert_output $'devpts\nptmx'
}

@test "mounts: /proc, /sys, /dev, cgroup and Podman's own files" {
	run_script --hostname box --add-host other:10.9.8.7 'cat /etc/hostname; grep -o "10.9.8.7.other" /etc/hosts
		for m in /proc /sys /dev /dev/pts /dev/shm /dev/mqueue; do
			echo "$m $(stat -f -c %T $m)"; done; [ -f /run/.containerenv ] && echo env'
	assert_line box $'10.9.8.7\tother' '/proc proc' '/sys sysfs' '/dev tmpfs' '/dev/pts devpts' \
		'/dev/shm tmpfs' '/dev/mqueue mqueue' env
}
