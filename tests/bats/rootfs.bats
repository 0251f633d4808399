#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# The root file system, mounts, devices, masked and read-only paths, and what a hostile image can
# do with symbolic links while they are made.

load setup

# with_capability CAP...: the container's process may do more than the default.
with_capability() {
	config --arg c "$*" '.process.capabilities |= (.bounding += ($c | split(" "))
		| .permitted += ($c | split(" ")) | .effective += ($c | split(" ")))'
}

# A directory of the host that no container may touch unless it is mounted there.
setup_victim() {
	VICTIM=$BATS_TEST_TMPDIR/victim
	mkdir -p "$VICTIM/sub"
	echo precious >"$VICTIM/file"
	VICTIM_BEFORE=$(victim_listing)
}
victim_listing() { find "$VICTIM" -printf '%P %y %m %s %l\n' | sort; }
assert_victim_unharmed() { assert_eq "$(victim_listing)" "$VICTIM_BEFORE"; }

# ---- the root ------------------------------------------------------------------------------------------

@test "root: what is in the rootfs is all there is" {
	run_script 'ls -A /'
	assert_ok
	assert_eq "$output" "$(cd "$ROOTFS" && busybox ls -A)"
	run_script 'cd /; ls -Ad ../../../../..; cat /../../etc/passwd'
	assert_has user:x:1000
}

@test "root: writable, and what is written is in the bundle" {
	run_script 'echo data >/new-file; mkdir /new-dir'
	assert_ok
	assert_eq "$(cat "$ROOTFS/new-file")" data
	[[ -d $ROOTFS/new-dir ]]
}

@test "root: readonly" {
	config '.root.readonly = true'
	run_script 'touch /new-file; touch /tmp/x; touch /dev/x; touch /dev/shm/x && echo shm writable'
	assert_output "shm writable"
	[[ ${stderr-} == *"Read-only file system"* ]]
	[[ ! -e $ROOTFS/new-file && ! -e $ROOTFS/tmp/x ]]
	# Only in the container.
	touch "$ROOTFS/tmp/by-host"
}

@test "root: a relative path, an absolute path, a path through a symbolic link" {
	local path
	ln -s rootfs "$BUNDLE/link"
	for path in rootfs "$ROOTFS" ./rootfs/ link; do
		config --arg p "$path" '.root.path = $p'
		run_script 'cat /etc/group'
		assert_ok
		assert_has extra:x:2000
	done
}

@test "root: missing, or a file" {
	config '.root.path = "nowhere"'
	payload true
	try hull run "$ID"
	assert_error nowhere
	assert_nothing_left
	touch "$BUNDLE/file"
	config '.root.path = "file"'
	try hull run "$ID"
	assert_error file
	assert_nothing_left
}

@test "root: nothing of the host's root can be reached" {
	with_capability CAP_SYS_CHROOT CAP_SYS_ADMIN CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE
	touch "$BATS_TEST_TMPDIR/host-mark"
	# The classical way out of a chroot does not lead out of a pivoted root; no old root is mounted.
	run_script "mkdir -p /jail; chroot /jail /bin/sh -c true 2>/dev/null
		cd /; ls -d .$BATS_TEST_TMPDIR ../..$BATS_TEST_TMPDIR 2>/dev/null
		grep -c ' / / ' /proc/self/mountinfo; grep -E ' /(proc/)?(old|put|host|\.pivot)' /proc/self/mountinfo"
	assert_lacks host-mark "$BATS_TEST_TMPDIR/"$'\n'
	[[ ! $output =~ (old|put|\.pivot) ]] || report "an old root is mounted"
}

@test "root: propagation as asked for" {
	local propagation expected line
	for propagation in private:- slave:master rslave:master rprivate:- unbindable:unbindable shared:shared; do
		expected=${propagation#*:}
		config --arg p "${propagation%:*}" '.linux.rootfsPropagation = $p'
		payload awk '$5 == "/"' /proc/self/mountinfo
		try hull run "$ID"
		assert_ok
		line=${output% - *}
		case $expected in
		-) [[ ! $line =~ shared|master|unbindable ]] || report "$propagation" ;;
		# A slave of a host mount that is private has no master.
		master) [[ ! $line =~ shared ]] || report "$propagation" ;;
		*) [[ $line == *$expected* ]] || report "$propagation" ;;
		esac
	done
	run ! grep -F "$BATS_TEST_TMPDIR/" /proc/self/mountinfo
}

# ---- mounts: bind --------------------------------------------------------------------------------------

@test "bind: rw and ro" {
	mkdir "$BATS_TEST_TMPDIR/data"
	echo content >"$BATS_TEST_TMPDIR/data/file"
	mount_add /rw none "$BATS_TEST_TMPDIR/data" rbind rw
	mount_add /ro bind "$BATS_TEST_TMPDIR/data" bind ro
	run_script 'cat /rw/file /ro/file; echo new >/rw/new; echo new >/ro/refused; rm /ro/file'
	assert_has $'content\ncontent'
	[[ ${stderr-} == *"Read-only file system"* ]]
	assert_eq "$(cat "$BATS_TEST_TMPDIR/data/new")" new
	[[ -e $BATS_TEST_TMPDIR/data/file && ! -e $BATS_TEST_TMPDIR/data/refused ]]
}

@test "bind: a single file, a relative source" {
	echo from-bundle >"$BUNDLE/some-file"
	mount_add /etc/single none some-file bind ro
	mount_add /etc/passwd none "$BUNDLE/some-file" bind ro
	run_script 'cat /etc/single /etc/passwd'
	assert_ok
	assert_output $'from-bundle\nfrom-bundle'
}

@test "bind: the destination is made as the source is: directory or file" {
	mkdir "$BATS_TEST_TMPDIR/dir"
	touch "$BATS_TEST_TMPDIR/file"
	mount_add /made/a/b/dir none "$BATS_TEST_TMPDIR/dir" bind
	mount_add /made/c/d/file none "$BATS_TEST_TMPDIR/file" bind
	mount_add /made/e/f tmpfs tmpfs size=4k
	run_script '[ -d /made/a/b/dir ] && [ -f /made/c/d/file ] && [ -d /made/e/f ] && echo yes'
	assert_ok
	assert_output yes
	[[ -d $ROOTFS/made/a/b/dir && -f $ROOTFS/made/c/d/file ]]
}

@test "bind: a missing source is an error that names it" {
	mount_add /mnt none "$BATS_TEST_TMPDIR/missing" bind
	payload true
	try hull run "$ID"
	assert_error "$BATS_TEST_TMPDIR/missing"
	$PEER || [[ $stderr != *"no such file or directory"* ]] ||
		report "these words mean a missing command to engines"
	assert_nothing_left
}

@test "bind: rbind takes what is mounted below, bind does not" {
	mkdir -p "$BATS_TEST_TMPDIR/data/sub"
	host_mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/data/sub"
	touch "$BATS_TEST_TMPDIR/data/sub/below"
	mount_add /r none "$BATS_TEST_TMPDIR/data" rbind
	mount_add /b none "$BATS_TEST_TMPDIR/data" bind
	run_script '[ -e /r/sub/below ] && echo rbind; [ -e /b/sub/below ] || echo bind'
	assert_ok
	assert_output $'rbind\nbind'
}

@test "bind: ro is for one mount, rro for all below" {
	mkdir -p "$BATS_TEST_TMPDIR/data/sub"
	host_mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/data/sub"
	mount_add /ro none "$BATS_TEST_TMPDIR/data" rbind ro
	mount_add /rro none "$BATS_TEST_TMPDIR/data" rbind rro
	run_script 'touch /ro/x; touch /ro/sub/x && echo below ro; touch /rro/x; touch /rro/sub/y || echo not below rro'
	assert_output $'below ro\nnot below rro'
	[[ ! -e $BATS_TEST_TMPDIR/data/x && ! -e $BATS_TEST_TMPDIR/data/sub/y ]]
	touch "$BATS_TEST_TMPDIR/data/sub/host"
}

@test "bind: recursive options: rnosuid, rnodev, rnoexec, rnoatime" {
	mkdir -p "$BATS_TEST_TMPDIR/data/sub"
	host_mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/data/sub"
	mount_add /r none "$BATS_TEST_TMPDIR/data" rbind rnosuid rnodev rnoexec rnoatime
	run_script 'awk "\$5 ~ \"^/r(/sub)?\$\" {print \$6}" /proc/self/mountinfo'
	assert_ok
	assert_eq "$(wc -l <<<"$output")" 2
	local line option
	while read -r line; do
		for option in nosuid nodev noexec noatime; do
			[[ ,$line, == *,$option,* ]] || report "$option is not on all"
		done
	done <<<"$output"
}

@test "bind: options that name attributes name all, but for locked ones in a user namespace" {
	mkdir "$BATS_TEST_TMPDIR/data"
	host_mount -t tmpfs -o nosuid,nodev,noexec,nosymfollow tmpfs "$BATS_TEST_TMPDIR/data"
	mount -o remount,bind,ro,nosuid,nodev,noexec,nosymfollow,nodiratime "$BATS_TEST_TMPDIR/data"
	mount_add /plain none "$BATS_TEST_TMPDIR/data" bind rprivate
	mount_add /rw none "$BATS_TEST_TMPDIR/data" bind rw
	mount_add /dev1 none "$BATS_TEST_TMPDIR/data" bind dev nosuid
	mount_add /time none "$BATS_TEST_TMPDIR/data" bind noatime
	mount_add /tree none "$BATS_TEST_TMPDIR/data" rbind rro dev
	script 'for m in plain rw dev1 time tree; do
		awk -v m=/$m "\$5 == m {print m, \$6}" /proc/self/mountinfo; done'
	try hull run "$ID"
	assert_output "\
/plain ro,nosuid,nodev,noexec,nodiratime,relatime,nosymfollow
/rw rw,nodiratime,relatime
/dev1 rw,nosuid,nodiratime,relatime
/time rw,noatime
/tree ro,nodiratime,relatime"

	user_namespace
	try hull run "$ID"
	assert_output "\
/plain ro,nosuid,nodev,noexec,nodiratime,relatime,nosymfollow
/rw rw,nosuid,nodev,noexec,nodiratime,relatime
/dev1 ro,nosuid,noexec,nodiratime,relatime
/time ro,nosuid,nodev,noexec,noatime
/tree ro,nosuid,noexec,nodiratime,relatime"
}

@test "bind: the source's own flags stay, unless options change them" {
	mkdir "$BATS_TEST_TMPDIR/data"
	host_mount -t tmpfs -o nosuid,noexec tmpfs "$BATS_TEST_TMPDIR/data"
	mount_add /plain none "$BATS_TEST_TMPDIR/data" bind
	mount_add /ro none "$BATS_TEST_TMPDIR/data" bind ro
	mount_add /exec none "$BATS_TEST_TMPDIR/data" bind exec
	run_script 'for m in plain ro exec; do awk -v m=/$m "\$5 == m {print \$6}" /proc/self/mountinfo; done'
	assert_ok
	[[ $(sed -n 1p <<<"$output") == *nosuid*noexec* ]]
	[[ $(sed -n 3p <<<"$output") != *noexec* ]]
}

@test "bind: a source of any kind: FIFO, socket, device" {
	mkfifo "$BATS_TEST_TMPDIR/fifo"
	mount_add /run/fifo none "$BATS_TEST_TMPDIR/fifo" bind
	mount_add /run/null none /dev/null bind
	run_script '[ -p /run/fifo ] && [ -c /run/null ] && echo yes'
	assert_ok
	assert_output yes
}

@test "mounts: in the order of the document" {
	mkdir "$BATS_TEST_TMPDIR/one"
	touch "$BATS_TEST_TMPDIR/one/first"
	mount_add /m none "$BATS_TEST_TMPDIR/one" bind
	mount_add /m tmpfs tmpfs size=64k
	mount_add /m/below none "$BATS_TEST_TMPDIR/one" bind
	run_script 'ls /m; ls /m/below'
	assert_ok
	assert_output $'below\nfirst'
}

@test "mounts: three hundred of them" {
	mkdir "$BATS_TEST_TMPDIR/data"
	config --arg s "$BATS_TEST_TMPDIR/data" '.mounts += [range(300) | {destination: "/many/\(.)",
		type: "none", source: $s, options: ["bind", "ro", "nosuid"]}]'
	run_script 'grep -c " /many/" /proc/self/mountinfo'
	assert_ok
	assert_output 300
}

@test "mounts: relative destinations are below the root" {
	mkdir "$BATS_TEST_TMPDIR/data"
	touch "$BATS_TEST_TMPDIR/data/here"
	mount_add some/where none "$BATS_TEST_TMPDIR/data" bind
	run_script 'ls /some/where'
	assert_ok
	assert_output here
}

# ---- mounts: file systems and options ----------------------------------------------------------------------

@test "tmpfs: size, mode, uid, gid, nr_inodes" {
	mount_add /t tmpfs tmpfs size=64k mode=0710 uid=7 gid=8 nr_inodes=10
	with_capability CAP_DAC_OVERRIDE
	run_script 'stat -c "%a %u %g" /t; dd if=/dev/zero of=/t/big bs=1k count=100 2>&1 | grep -i "no space"
		rm /t/big; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do touch /t/$i; done 2>&1 | grep -ci "no space"'
	assert_has "710 7 8" "No space"
	[[ ${output##*$'\n'} -ge 1 ]]
}

@test "tmpfs: does not reach the disk" {
	mount_add /t tmpfs tmpfs
	run_script 'echo data >/t/file'
	assert_ok
	[[ ! -e $ROOTFS/t/file ]]
}

@test "tmpcopyup: the image's files are in the new tmpfs" {
	mkdir -p "$ROOTFS/data/dir"
	echo content >"$ROOTFS/data/dir/file"
	ln -s dir/file "$ROOTFS/data/link"
	chmod 640 "$ROOTFS/data/dir/file"
	mount_add /data tmpfs tmpfs tmpcopyup
	run_script 'cat /data/link; stat -c %a /data/dir/file; echo new >/data/new; stat -f -c %T /data'
	assert_ok
	assert_has $'content\n640' tmpfs
	[[ ! -e $ROOTFS/data/new ]]
}

@test "nosuid: set-user-id does not count" {
	mkdir "$BATS_TEST_TMPDIR/data"
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/data/busybox"
	chmod 4755 "$BATS_TEST_TMPDIR/data/busybox"
	mount_add /suid none "$BATS_TEST_TMPDIR/data" bind suid
	mount_add /nosuid none "$BATS_TEST_TMPDIR/data" bind nosuid
	config '.process.user = {uid: 1000, gid: 1000} | .process.noNewPrivileges = false'
	run_script 'for d in suid nosuid; do /$d/busybox grep ^Uid /proc/self/status; done'
	assert_ok
	# busybox gives the effective id back at once; the saved one shows what it had.
	assert_output $'Uid:\t1000\t1000\t0\t1000\nUid:\t1000\t1000\t1000\t1000'
}

@test "options: an empty one is none" {
	mount_add /t tmpfs tmpfs mode=700
	config '.mounts[-1].options += ["", "size=1m"]'
	run_script 'stat -c %a /t; stat -f -c "%b %S" /t | { read b s; echo $((b * s)); }'
	assert_output $'700\n1048576'
}

@test "noexec: nothing can be executed" {
	mkdir "$BATS_TEST_TMPDIR/data"
	cp "$(command -v busybox)" "$BATS_TEST_TMPDIR/data/busybox"
	mount_add /noexec none "$BATS_TEST_TMPDIR/data" bind noexec
	run_script '/noexec/busybox true'
	assert_status 126
	[[ $stderr == *[Pp]"ermission denied"* ]]
}

@test "nodev: devices cannot be opened" {
	mkdir "$BATS_TEST_TMPDIR/data"
	mknod "$BATS_TEST_TMPDIR/data/null" c 1 3
	mount_add /dev-yes none "$BATS_TEST_TMPDIR/data" bind dev
	mount_add /nodev none "$BATS_TEST_TMPDIR/data" bind nodev
	run_script 'echo >/dev-yes/null && echo opened; echo >/nodev/null'
	assert_output opened
	[[ $stderr == *"Permission denied"* ]]
}

@test "options: what the kernel holds" {
	mount_add /a tmpfs tmpfs nosuid nodev noexec noatime
	mount_add /b tmpfs tmpfs ro relatime
	mount_add /c tmpfs tmpfs strictatime sync
	mount_add /d tmpfs tmpfs nodiratime nosymfollow
	run_script 'for m in a b c d; do awk -v m=/$m "\$5 == m {print \$6, \$NF}" /proc/self/mountinfo; done'
	assert_ok
	[[ $(sed -n 1p <<<"$output") =~ nosuid,nodev,noexec,noatime ]]
	[[ $(sed -n 2p <<<"$output") =~ ^ro.*relatime ]]
	[[ $(sed -n 3p <<<"$output") != *relatime* && $(sed -n 3p <<<"$output") == *sync* ]]
	[[ $(sed -n 4p <<<"$output") =~ nodiratime && $(sed -n 4p <<<"$output") =~ nosymfollow ]]
}

@test "options: every one of the specification's table, on a tmpfs" {
	local option
	for option in async atime defaults dev diratime dirsync exec iversion lazytime loud noatime nodev nodiratime \
		noexec noiversion nolazytime norelatime nostrictatime nosuid nosymfollow private ratime rdev rdiratime \
		relatime rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro \
		rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent \
		slave strictatime suid symfollow sync tmpcopyup unbindable; do
		mount_add "/mnt/$option" tmpfs tmpfs "$option"
	done
	run_script 'grep -c " /mnt/" /proc/self/mountinfo'
	assert_ok
	assert_output 55
	config 'del(.mounts[] | select(.destination | startswith("/mnt/")))'
	# The later one counts.
	mount_add /a tmpfs tmpfs sync async
	run_script 'awk "\$5 == \"/a\" {print \$NF}" /proc/self/mountinfo'
	[[ $output != *sync* ]] || report "sync was not taken back"
}

@test "options: of crun: src-nofollow, dest-nofollow, copy-symlink" {
	if $PEER; then skip "not of the specification"; fi
	ln -s /somewhere "$BATS_TEST_TMPDIR/link"
	echo content >"$BATS_TEST_TMPDIR/file"
	echo untouched >"$ROOTFS/target"
	ln -s target "$ROOTFS/over"
	mount_add /new/copied none "$BATS_TEST_TMPDIR/link" bind copy-symlink
	mount_add /mounted none "$BATS_TEST_TMPDIR/link" bind src-nofollow
	mount_add /plain none "$BATS_TEST_TMPDIR/file" bind copy-symlink dest-nofollow
	mount_add /over none "$BATS_TEST_TMPDIR/file" bind dest-nofollow
	run_script 'readlink /new/copied; readlink /mounted; cat /plain /over /target; awk "{print \$5}" /proc/self/mountinfo'
	assert_ok
	assert_has $'/somewhere\n/somewhere\ncontent\ncontent\nuntouched\n' /mounted /plain /over
	assert_lacks /new/copied
	# Again, with the link there; and with another in its place.
	try hull run "$ID"
	assert_ok
	ln -sfn /elsewhere "$ROOTFS/new/copied"
	try hull run "$ID"
	assert_error mounts /new/copied
	assert_nothing_left
}

@test "mountLabel: without SELinux it is refused" {
	! grep -q selinuxfs /proc/filesystems || skip "SELinux is on here"
	config '.linux.mountLabel = "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811"'
	payload true
	try hull run "$ID"
	assert_error linux.mountLabel SELinux
	assert_nothing_left
}

@test "options: an unknown one is refused with its name" {
	mount_add /t tmpfs tmpfs no-such-option
	payload true
	try hull run "$ID"
	assert_status 1
	$PEER || assert_error no-such-option
	assert_nothing_left
}

@test "mounts: an unknown file system is refused with its name" {
	mount_add /t no-such-fs none
	payload true
	try hull run "$ID"
	assert_error no-such-fs
	assert_nothing_left
}

@test "mounts: the ones of the default configuration" {
	run_script 'awk "{print \$5, \$6, \$(NF-2)}" /proc/self/mountinfo'
	assert_ok
	[[ $output =~ /proc\ [a-z,]+\ proc ]]
	[[ $output =~ /dev\ [a-z,]*nosuid[a-z,]*\ tmpfs ]]
	[[ $output =~ /dev/pts\ [a-z,]*nosuid,noexec[a-z,]*\ devpts ]]
	[[ $output =~ /dev/shm\ [a-z,]*nosuid,nodev,noexec[a-z,]*\ tmpfs ]]
	[[ $output =~ /dev/mqueue\ [a-z,]*nosuid,nodev,noexec[a-z,]*\ mqueue ]]
	[[ $output =~ /sys\ ro[a-z,]*\ sysfs ]]
	[[ $output =~ /sys/fs/cgroup(/[a-z,]+)?\ ro[a-z,]*\ cgroup ]]
}

@test "cgroup mount: shows the container's own group and cannot be written" {
	run_script 'find /sys/fs/cgroup -name cgroup.procs | head -1 | xargs cat; mkdir /sys/fs/cgroup/x /sys/fs/cgroup/memory/x; find /sys/fs/cgroup -name cgroup.procs | while read f; do echo 1 >$f; done'
	assert_eq "${output%%$'\n'*}" 1
	[[ ${stderr-} == *"Read-only file system"* ]]
}

@test "propagation: rslave sees what the host mounts later, rprivate does not" {
	mkdir -p "$BATS_TEST_TMPDIR/data/sub"
	host_mount --bind "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/data"
	mount --make-shared "$BATS_TEST_TMPDIR/data"
	mount_add /slave none "$BATS_TEST_TMPDIR/data" rbind rslave
	mount_add /private none "$BATS_TEST_TMPDIR/data" rbind rprivate
	config '.linux.rootfsPropagation = "rslave"'
	run_sleeper
	host_mount -t tmpfs tmpfs "$BATS_TEST_TMPDIR/data/sub"
	touch "$BATS_TEST_TMPDIR/data/sub/later"
	try hull exec "$ID" sh -c 'ls /slave/sub; ls /private/sub'
	assert_ok
	assert_output later
}

@test "propagation: rshared: what the container mounts is seen on the host" {
	mkdir -p "$BATS_TEST_TMPDIR/data/sub"
	host_mount --bind "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/data"
	mount --make-shared "$BATS_TEST_TMPDIR/data"
	mount_add /shared none "$BATS_TEST_TMPDIR/data" rbind rshared
	config '.linux.rootfsPropagation = "rshared"'
	with_capability CAP_SYS_ADMIN
	run_sleeper
	hull exec "$ID" mount -t tmpfs tmpfs /shared/sub
	grep -qF "$BATS_TEST_TMPDIR/data/sub" /proc/self/mountinfo
	hull exec "$ID" umount /shared/sub
}

@test "propagation: by default nothing of the container reaches the host" {
	mkdir -p "$BATS_TEST_TMPDIR/data/sub"
	host_mount --bind "$BATS_TEST_TMPDIR/data" "$BATS_TEST_TMPDIR/data"
	mount --make-shared "$BATS_TEST_TMPDIR/data"
	mount_add /data none "$BATS_TEST_TMPDIR/data" rbind
	with_capability CAP_SYS_ADMIN
	run_script 'mount -t tmpfs tmpfs /data/sub && touch /data/sub/x && mount -t tmpfs tmpfs /tmp && echo mounted'
	assert_output mounted
	[[ ! -e $BATS_TEST_TMPDIR/data/sub/x ]]
}

# ---- masked and read-only paths ----------------------------------------------------------------------------

@test "masked paths: files are empty, directories are empty and read-only" {
	mkdir "$ROOTFS/secret"
	echo secret >"$ROOTFS/secret/file"
	echo secret >"$ROOTFS/secret-file"
	with_capability CAP_DAC_OVERRIDE
	config '.linux.maskedPaths += ["/secret", "/secret-file", "/proc/uptime", "/no/such/path"]'
	run_script 'ls -A /secret | wc -l; wc -c </secret-file; wc -c </proc/uptime; touch /secret/x; echo x >/secret-file; wc -c </secret-file; ls /secret | wc -l'
	assert_output $'0\n0\n0\n0\n0'
	assert_eq "$(cat "$ROOTFS/secret/file" "$ROOTFS/secret-file")" $'secret\nsecret'
	[[ ! -e $ROOTFS/no ]]
}

@test "read-only paths: of the image and of /proc" {
	mkdir "$ROOTFS/fixed"
	echo one >"$ROOTFS/fixed/file"
	echo one >"$ROOTFS/fixed-file"
	with_capability CAP_DAC_OVERRIDE CAP_SYS_ADMIN
	config '.linux.readonlyPaths += ["/fixed", "/fixed-file", "/no/such/path"]'
	run_script 'cat /fixed/file /fixed-file; echo two >/fixed/file; echo two >/fixed-file; touch /fixed/new; echo 1 >/proc/sys/kernel/panic'
	assert_output $'one\none'
	[[ $(grep -ci 'read-only' <<<"$stderr") -eq 4 ]] || report "not read-only"
	assert_eq "$(cat "$ROOTFS/fixed/file" "$ROOTFS/fixed-file")" $'one\none'
	[[ ! -e $ROOTFS/fixed/new && ! -e $ROOTFS/no ]]
}

# ---- devices -----------------------------------------------------------------------------------------------

@test "devices: the default ones, and they work" {
	run_script 'for d in null zero full random urandom tty; do stat -c "%n %t:%T %a %F" /dev/$d; done
		echo x >/dev/null && [ -z "$(cat /dev/null)" ] && head -c 4 /dev/zero | wc -c
		echo x 2>&1 >/dev/full | grep -c space; head -c 8 /dev/urandom | wc -c'
	assert_line "/dev/null 1:3 666 character special file" "/dev/zero 1:5 666 character special file"
	assert_line "/dev/full 1:7 666 character special file" "/dev/random 1:8 666 character special file"
	assert_line "/dev/urandom 1:9 666 character special file" "/dev/tty 5:0 666 character special file"
	[[ $output == *$'\n4\n1\n8' ]]
}

@test "devices: no others" {
	run_script 'find /dev -type c -o -type b | sort | xargs'
	assert_ok
	[[ $output =~ ^/dev/full\ /dev/null\ (/dev/pts/ptmx\ )?/dev/random\ /dev/tty\ /dev/urandom\ /dev/zero$ ]] ||
		report "unexpected devices"
}

@test "devices: links to the process's descriptors and the terminals" {
	run_script 'for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done; echo via >>/dev/stdout; echo via >>/dev/stderr'
	assert_ok
	[[ $output == $'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\n'*pts/ptmx* ]] ||
		report "the links"
	assert_line via
	assert_eq "$stderr" via
}

@test "devices: as configured: type, numbers, mode, owner" {
	config '.linux.devices = [
		{path: "/dev/some/char", type: "c", major: 1, minor: 3, fileMode: 432, uid: 1000, gid: 2000},
		{path: "/dev/block//", type: "b", major: 7, minor: 200, fileMode: 384},
		{path: "/dev/unbuffered", type: "u", major: 1, minor: 5, fileMode: 438},
		{path: "/dev/pipe", type: "p", fileMode: 420, uid: 5, gid: 6}]'
	run_script 'for d in some/char block unbuffered pipe; do stat -c "%n %F %t:%T %a %u:%g" /dev/$d; done'
	assert_ok
	assert_line "/dev/some/char character special file 1:3 660 1000:2000"
	assert_line "/dev/block block special file 7:c8 600 0:0"
	assert_line "/dev/unbuffered character special file 1:5 666 0:0"
	assert_line "/dev/pipe fifo 0:0 644 5:6"
}

@test "devices: the mode does not depend on the caller's umask" {
	config '.linux.devices = [{path: "/dev/open", type: "c", major: 1, minor: 3, fileMode: 438}]'
	script 'stat -c %a /dev/open /dev/null; umask; stat -c %a /dev'
	umask 077
	try hull run "$ID"
	assert_ok
	assert_eq "$(sed -n '1,2p;4p' <<<"$output")" $'666\n666\n755'
}

@test "devices: one that the image already has is replaced by the right one" {
	config 'del(.mounts[] | select(.destination == "/dev"))
		| del(.mounts[] | select(.destination | startswith("/dev/")))
		| .linux.devices = [{path: "/dev/mine", type: "c", major: 1, minor: 5, fileMode: 438}]'
	mknod "$ROOTFS/dev/null" c 1 3
	chmod 666 "$ROOTFS/dev/null"
	run_script 'stat -c "%t:%T" /dev/null /dev/zero /dev/mine'
	assert_ok
	assert_output $'1:3\n1:5\n1:5'
}

@test "devices: one of the configuration that is another file in the image is an error" {
	if $PEER; then skip "the specification demands it, others replace the file or let it be"; fi
	config '.linux.devices = [{path: "/home/mine", type: "c", major: 1, minor: 5}]'
	payload true
	echo text >"$ROOTFS/home/mine"
	try hull run "$ID"
	assert_error /home/mine "another file"
	assert_eq "$(<"$ROOTFS/home/mine")" text
	rm "$ROOTFS/home/mine"
	mknod "$ROOTFS/home/mine" c 1 3
	try hull run "$ID"
	assert_error /home/mine "another file"
	rm "$ROOTFS/home/mine"
	mknod "$ROOTFS/home/mine" c 1 5
	try hull run "$ID"
	assert_ok
}

@test "devices: a bad type is refused" {
	config '.linux.devices = [{path: "/dev/x", type: "x", major: 1, minor: 3}]'
	payload true
	try hull run "$ID"
	assert_status 1
	$PEER || assert_error "linux.devices[0].type"
	assert_nothing_left
}

# ---- symbolic links in a hostile image ------------------------------------------------------------------------

@test "hostile: a mount's destination through links stays inside" {
	local link
	setup_victim
	for link in "$VICTIM" "../../../../../../../../../..$VICTIM" "/chain" "/proc/self/root$VICTIM"; do
		rm -rf "${ROOTFS:?}/"{link,chain,tmp,proc}
		mkdir -p "$ROOTFS/proc" "$ROOTFS/tmp"
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		ln -s "$link" "$ROOTFS/link"
		[[ $link != /chain ]] || ln -s "$VICTIM" "$ROOTFS/chain"
		mount_add /link/sub/new tmpfs tmpfs size=4k
		mount_add /link/file none "$BUNDLE/config.json" bind ro
		run_script 'grep -c "tmpfs size=4k\|/sub/new" /proc/self/mountinfo'
		# An error is as good as a mount inside the root file system.
		[[ $status -eq 0 || $status -eq 1 ]]
		assert_victim_unharmed
	done
}

@test "hostile: the destination itself is a link" {
	setup_victim
	ln -s "$VICTIM/sub" "$ROOTFS/dir-link"
	ln -s "$VICTIM/file" "$ROOTFS/file-link"
	ln -s "$VICTIM/created" "$ROOTFS/dangling"
	mount_add /dir-link tmpfs tmpfs size=4k
	mount_add /file-link none "$BUNDLE/config.json" bind
	mount_add /dangling none "$BUNDLE/config.json" bind
	run_script 'touch /dir-link/x; true'
	assert_victim_unharmed
}

@test "hostile: links for the directories of the default mounts" {
	local name
	setup_victim
	for name in dev sys tmp run; do
		rmdir "${ROOTFS:?}/$name" 2>/dev/null || rm -rf "${ROOTFS:?}/$name"
		ln -s "$VICTIM" "$ROOTFS/$name"
		payload true
		try hull run "$ID"
		assert_victim_unharmed
		assert_nothing_left
		rm "$ROOTFS/$name"
		mkdir "$ROOTFS/$name"
	done
}

@test "hostile: /dev is a link and no mount covers it (CVE-2026-41579)" {
	local link
	setup_victim
	config 'del(.mounts[] | select(.destination | startswith("/dev")))'
	for link in "$VICTIM" "../../../../../../../../../..$VICTIM"; do
		rm -rf "${ROOTFS:?}/dev"
		ln -s "$link" "$ROOTFS/dev"
		touch "$VICTIM/ptmx" "$VICTIM/console"
		VICTIM_BEFORE=$(victim_listing)
		payload true
		try hull run "$ID"
		assert_victim_unharmed
		assert_nothing_left
	done
}

@test "hostile: /dev/null, /dev/console, /dev/ptmx are links to the host (CVE-2025-31133)" {
	local name
	setup_victim
	config 'del(.mounts[] | select(.destination | startswith("/dev")))
		| .linux.maskedPaths = ["/etc/group"]'
	for name in null zero full random urandom tty console ptmx fd stdin; do
		ln -sf "$VICTIM/file" "$ROOTFS/dev/$name"
	done
	run_script 'wc -c </etc/group'
	assert_victim_unharmed
	# Either refused, or masked with a true /dev/null: never with the link's target.
	[[ $status -ne 0 || $output == 0 ]] || report "the mask is not empty"
}

@test "hostile: devices of the configuration behind links" {
	setup_victim
	ln -s "$VICTIM" "$ROOTFS/linked"
	ln -s "$VICTIM/file" "$ROOTFS/linked-device"
	config '.linux.devices = [{path: "/linked/device", type: "c", major: 1, minor: 3},
		{path: "/linked-device", type: "c", major: 1, minor: 3}]'
	payload true
	try hull run "$ID"
	assert_victim_unharmed
}

@test "hostile: masked and read-only paths behind links" {
	setup_victim
	ln -s "$VICTIM/file" "$ROOTFS/link-file"
	ln -s "$VICTIM" "$ROOTFS/link-dir"
	config '.linux.maskedPaths += ["/link-file"] | .linux.readonlyPaths += ["/link-dir"]'
	payload true
	try hull run "$ID"
	assert_victim_unharmed
	touch "$VICTIM/still-writable"
}

@test "hostile: /proc is a link to another directory" {
	setup_victim
	mkdir "$ROOTFS/elsewhere"
	rmdir "$ROOTFS/proc"
	ln -s elsewhere "$ROOTFS/proc"
	payload true
	try hull run "$ID"
	assert_status 1
	[[ $stderr == *"must be mounted on ordinary directory"* ]]
	assert_nothing_left
}

@test "hostile: mounts over /proc that are no proc are refused" {
	mkdir -p "$BATS_TEST_TMPDIR/fake/self/attr" "$BATS_TEST_TMPDIR/fake/sys/kernel"
	mount_add /proc none "$BATS_TEST_TMPDIR/fake" bind
	payload true
	try hull run "$ID"
	assert_error /proc
	assert_nothing_left
	cp "$BATS_RUN_TMPDIR/base/config.json" .
	mount_add /proc tmpfs tmpfs
	try hull run "$ID"
	assert_error /proc
	assert_nothing_left
	cp "$BATS_RUN_TMPDIR/base/config.json" .
	mount_add /proc/self/attr none "$BATS_TEST_TMPDIR/fake" bind
	try hull run "$ID"
	assert_error /proc
	assert_nothing_left
}

@test "hostile: writes meant for /proc never land in the host's (CVE-2025-52881)" {
	local before
	before=$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/msgmax)
	config '.linux.sysctl = {"kernel.msgmax": "11111"}'
	mount_add /proc/sys none /proc/sys/kernel bind
	payload true
	try hull run "$ID"
	assert_eq "$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/msgmax)" "$before"
}

@test "hostile: the root file system's links change while mounts are made (CVE-2021-30465)" {
	local round
	setup_victim
	mkdir "$ROOTFS/shared"
	mkdir "$ROOTFS/shared/real"
	config '.mounts += [range(20) | {destination: "/shared/spot/\(.)", type: "tmpfs", source: "tmpfs", options: ["size=4k"]}]'
	payload true
	(
		cd "$ROOTFS/shared"
		while [[ ! -e $BATS_TEST_TMPDIR/stop ]]; do
			ln -sfn "$VICTIM" spot
			ln -sfn real spot
		done
	) 3>&- 4>&- &
	for ((round = 0; round < 10; round++)); do
		try hull run "$ID"
		[[ $status -eq 0 || $status -eq 1 ]]
		assert_nothing_left
	done
	touch "$BATS_TEST_TMPDIR/stop"
	wait
	assert_victim_unharmed
}

@test "hostile: cwd through a leaked descriptor (CVE-2024-21626)" {
	local n
	for n in {0..20}; do
		config --arg cwd "/proc/self/fd/$n" '.process.cwd = $cwd'
		run_script 'pwd; ls ../../../..'
		[[ $status -ne 0 && -z $output ]] || report "ran in descriptor $n"
		assert_nothing_left
	done
}

@test "hostile: a cwd that is a link leads somewhere inside" {
	setup_victim
	ln -s "$VICTIM" "$ROOTFS/link"
	config '.process.cwd = "/link"'
	run_script 'pwd -P; cat file'
	assert_lacks precious
	assert_victim_unharmed
	ln -sfn /etc "$ROOTFS/link"
	run_script 'pwd -P'
	assert_ok
	assert_output /etc
}

# ---- descriptors ------------------------------------------------------------------------------------------------

@test "descriptors: the container has 0, 1, 2 and nothing of the caller's or hull's" {
	payload sh -c 'for f in /proc/self/fd/*; do echo ${f##*/} $(readlink $f); done'
	exec 7</etc/hostname 8</ 9</proc
	try hull run "$ID"
	exec 7<&- 8<&- 9<&-
	assert_ok
	assert_eq "$(cut -d' ' -f1 <<<"$output" | xargs)" "0 1 2 3"
	assert_lacks hostname
}

@test "descriptors: process 1 while it runs, seen from outside" {
	payload sleep 1000
	exec 7</etc/hostname
	run_detached
	exec 7<&-
	local pid
	pid=$(pid_of)
	wait_until has_text sleep "/proc/$pid/comm"
	assert_eq "$(find "/proc/$pid/fd" -mindepth 1 -printf '%f\n' | sort -n | xargs)" "0 1 2"
}

@test "mounts: options that are longer than the 255 bytes of fsconfig(2)" {
	local long one two
	long=$(printf 'x%.0s' {1..150})
	one=$BATS_TEST_TMPDIR/one-$long two=$BATS_TEST_TMPDIR/two-$long
	mkdir "$one" "$two"
	echo first >"$one/file"
	echo second >"$two/other"
	mount_add /both overlay overlay "lowerdir=$one:$two" nosuid
	run_script 'cat /both/file /both/other; echo x >/both/new; grep " /both " /proc/self/mountinfo'
	assert_has $'first\nsecond' nosuid
	[[ $stderr == *ead-only* ]]
}

@test "tmpfs: a read-only one still takes the mounts and devices that belong in it" {
	config '(.mounts[] | select(.destination == "/dev") | .options) += ["ro"]'
	mount_add /ro tmpfs tmpfs ro
	mount_add /ro/below tmpfs tmpfs size=64k
	run_script 'ls -d /dev/pts /dev/null; touch /ro/below/x && echo below; touch /dev/x; touch /ro/x'
	assert_has $'/dev/null\n/dev/pts\nbelow'
	assert_eq "$(grep -c ead-only <<<"$stderr")" 2
}
