#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2153,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Checkpoint and restore with the real CRIU: what was in memory, in descriptors, mounts and cgroups
# is there again, and after a checkpoint that fails the container runs on.

load checkpoint

# view PID: what the process sees of mounts: root, place, options; not the numbers.
view() { cut -d' ' -f4-6 "/proc/$1/mountinfo" | sort; }
namespaces_own() {
	local type
	for type in "${@:2}"; do
		[[ $(readlink "/proc/$1/ns/$type") != "$(readlink "/proc/self/ns/$type")" ]] ||
			fail "$type is the host's"
	done
}

@test "checkpoint: the container is saved, and goes on after restore" {
	local first
	config '.linux.resources.pids.limit = 77 | .hostname = "moved"'
	run_counter
	view "$(pid_of)" >before
	cgroup_dir "$(pid_of)" pids >cgroup
	checkpoint
	gone || fail "the container is still there"
	not test -e "$(<cgroup)"
	first=$(count)
	restore --pid-file pid
	assert_eq "$(status_of)" running
	assert_eq "$(<pid)" "$(pid_of)"
	wait_until counts_beyond "$first"
	namespaces_own "$(pid_of)" pid mnt ipc uts net cgroup
	view "$(pid_of)" >after
	diff before after
	assert_eq "$(awk '/^NSpid/ { print $NF }' "/proc/$(pid_of)/status")" 1
	assert_eq "$(cgroup_dir "$(pid_of)" pids)" "$(<cgroup)"
	assert_eq "$(limit "$(pid_of)" pids pids.max pids.max)" 77
	try hull exec "$ID" hostname
	assert_output moved
	try hull exec "$ID" cat /proc/self/cgroup
	assert_lacks "$ID"
	hull delete --force "$ID"
}

@test "checkpoint: memory and open files" {
	seq 1 100000 >"$ROOTFS/numbers"
	script 'exec 5</numbers 6>>/written; memory=$(seq 1 20000); i=0
		trap "echo \"\$memory\" >/memory; exit 7" TERM
		while read -r line <&5; do echo $line >&6; sleep 0.01 || :; done'
	IMAGES=$BATS_TEST_TMPDIR/images
	run_detached
	wait_until has_text 5 "$ROOTFS/written"
	wait_until catches_term "$(pid_of)"
	checkpoint
	local lines
	lines=$(lines_of "$ROOTFS/written")
	try hull restore --detach --image-path "$IMAGES" --keep "$ID"
	assert_ok
	more() { (($(lines_of "$ROOTFS/written") > lines + 3)); }
	wait_until more
	hull kill "$ID" TERM
	wait_status stopped
	# Nothing was read twice or lost.
	diff <(seq 1 "$(lines_of "$ROOTFS/written")") "$ROOTFS/written"
	diff <(seq 1 20000) "$ROOTFS/memory"
}

@test "checkpoint: --leave-running; several containers from one image" {
	local pid first
	run_counter
	pid=$(pid_of)
	checkpoint --leave-running
	assert_eq "$(pid_of)" "$pid"
	assert_eq "$(status_of)" running
	goes_on "$(count)"
	# Twice beside the original, under names and in root file systems of their own.
	local n
	for n in 1 2; do
		bundle_make "$BATS_TEST_TMPDIR/clone$n"
		cp config.json "$BATS_TEST_TMPDIR/clone$n/"
		hull restore --detach --image-path "$IMAGES" --work-path "$BATS_TEST_TMPDIR/work$n" \
			--bundle "$BATS_TEST_TMPDIR/clone$n" "$ID-$n" </dev/null >>"$OUT" 2>&1
		ROOTFS=$BATS_TEST_TMPDIR/clone$n/rootfs wait_until counts_beyond 0
		[[ $(cgroup_dir "$(pid_of "$ID-$n")" pids) == */"$ID-$n" ]]
	done
	goes_on "$(count)"
}

@test "checkpoint: the one that fails leaves the container running, and tells why" {
	local first
	# Two megabytes that have no name.
	SCRIPT='exec 7<>/big; dd if=/dev/zero of=/big bs=1M count=2 2>/dev/null; rm /big; '
	run_counter
	try checkpoint
	assert_error "cannot checkpoint" "ghost" "$IMAGES/dump.log"
	assert_eq "$(status_of)" running
	goes_on "$(count)"
	checkpoint --ghost-limit 4M
	gone
	first=$(count)
	restore
	goes_on "$first"
	assert_eq "$(stat -Lc %s "/proc/$(pid_of)/fd/7")" 2097152
}

@test "checkpoint: locks of files, with a program on a mount of the host's" {
	local first
	touch "$ROOTFS/lock"
	ln -s usr/lib "$ROOTFS/lib"
	ln -s usr/lib64 "$ROOTFS/lib64"
	mount_add /usr bind /usr rbind ro
	SCRIPT='flock /lock sh -c "while :; do sleep 0.1 || :; done" & '
	run_counter
	wait_until not flock -n "$ROOTFS/lock" true
	try checkpoint
	assert_error "--file-locks"
	goes_on "$(count)"
	checkpoint --file-locks
	flock -n "$ROOTFS/lock" true
	first=$(count)
	restore --file-locks
	goes_on "$first"
	not flock -n "$ROOTFS/lock" true
}

@test "checkpoint: of a paused container; of one that does not run" {
	run_counter
	hull pause "$ID"
	checkpoint --leave-running
	assert_eq "$(status_of)" paused
	hull resume "$ID"
	goes_on "$(count)"
	hull kill "$ID" KILL
	wait_status stopped
	try checkpoint
	assert_error "cannot checkpoint container $ID: it is stopped"
	hull delete "$ID"
	create_container
	try checkpoint
	assert_error "it is created"
	try hull checkpoint "$ID-none"
	assert_error "does not exist"
}

@test "checkpoint: standard streams that are pipes are those of restore" {
	local first
	script 'i=0; while :; do i=$((i + 1)); echo "out $i"; echo "err $i" >&2; sleep 0.02 || :; done'
	IMAGES=$BATS_TEST_TMPDIR/images
	mkfifo a b
	cat a >out1 &
	cat b >err1 &
	hull run --detach "$ID" </dev/null >a 2>b
	wait_until has_text "out 3" out1
	checkpoint
	wait
	first=$(tail -n 1 out1)
	hull restore --detach --image-path "$IMAGES" "$ID" </dev/null > >(cat >out2) 2> >(cat >err2)
	wait_until has_text "out $((${first#out } + 3))" out2
	wait_until has_text "err $((${first#out } + 3))" err2
	not grep -qx 'out 1' out2
	not grep -q err out2
	hull delete --force "$ID"
	wait
}

@test "checkpoint: standard streams that are files of the host" {
	local first
	script 'i=0; while :; do i=$((i + 1)); echo "out $i"; sleep 0.02 || :; done'
	IMAGES=$BATS_TEST_TMPDIR/images
	hull run --detach "$ID" </dev/null >out1 2>&1
	wait_until has_text "out 3" out1
	checkpoint
	first=$(tail -n 1 out1)
	# Behind what is in a file, into a pipe, and with the old one gone.
	rm out1
	echo before >out2
	hull restore --detach --image-path "$IMAGES" "$ID" </dev/null >>out2 2>&1
	wait_until has_text "out $((${first#out } + 3))" out2
	assert_eq "$(head -n 1 out2)" before
	not grep -qx 'out 1' out2
	rm -r "$IMAGES"
	checkpoint
	hull restore --detach --image-path "$IMAGES" "$ID" </dev/null > >(cat >out3) 2>&1 || cat out3
	wait_until has_text "out $((${first#out } + 6))" out3
	hull delete --force "$ID"
}

@test "checkpoint: bind mounts, whose sources may be elsewhere" {
	mkdir -p "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two" "$BATS_TEST_TMPDIR/link"
	echo one >"$BATS_TEST_TMPDIR/one/file"
	echo two >"$BATS_TEST_TMPDIR/two/file"
	echo hosts >"$BATS_TEST_TMPDIR/hosts"
	mkdir "$ROOTFS/real"
	ln -s real "$ROOTFS/via"
	mount_add /data bind "$BATS_TEST_TMPDIR/one" rbind ro
	mount_add /via/link bind "$BATS_TEST_TMPDIR/link" bind
	mount_add /etc/hosts bind "$BATS_TEST_TMPDIR/hosts" bind
	mount_add /scratch tmpfs tmpfs size=1m
	SCRIPT='echo kept >/scratch/file; '
	run_counter
	view "$(pid_of)" >before
	checkpoint
	config --arg new "$BATS_TEST_TMPDIR/two" \
		'(.mounts[] | select(.destination == "/data")).source = $new'
	restore
	view "$(pid_of)" | sed 's;/two ;/one ;' >after
	diff before after
	try hull exec "$ID" cat /data/file /etc/hosts /scratch/file
	assert_output $'two\nhosts\nkept'
	try hull exec "$ID" touch /data/new
	assert_status 1
	hull delete --force "$ID"
	config '(.mounts[] | select(.destination == "/data")).source = "/nowhere"'
	try restore
	assert_status 1
	[[ $(<"$BATS_TEST_TMPDIR/detached.err") == *"/nowhere"*"/data"* ]]
	gone
}

@test "checkpoint: a read-only root file system, in a user namespace" {
	user_namespace
	mkdir "$ROOTFS/count"
	config '.root.readonly = true'
	mount_add /tmp tmpfs tmpfs mode=1777
	mount_add /out bind "$BATS_TEST_TMPDIR/out" bind
	mkdir -m 777 "$BATS_TEST_TMPDIR/out"
	script 'i=0; while :; do i=$((i + 1)); echo $i >/out/count; sleep 0.02 || :; done'
	IMAGES=$BATS_TEST_TMPDIR/images
	hull run --detach "$ID" </dev/null >/dev/null 2>&1
	counted() { [[ -s $BATS_TEST_TMPDIR/out/count && $(<"$BATS_TEST_TMPDIR/out/count") -gt $1 ]]; }
	wait_until counted 3
	view "$(pid_of)" >before
	checkpoint
	local first
	first=$(<"$BATS_TEST_TMPDIR/out/count")
	hull restore --detach --image-path "$IMAGES" "$ID" </dev/null >/dev/null 2>error || cat error
	wait_until counted "$((first + 3))"
	view "$(pid_of)" >after
	diff before after
	namespaces_own "$(pid_of)" user mnt pid
	assert_eq "$(awk '/^Uid/ { print $2 }' "/proc/$(pid_of)/status")" 100000
	try hull exec "$ID" touch /new
	assert_status 1
}

@test "checkpoint: a network namespace that was joined; another one at restore" {
	local net=$BATS_TEST_TMPDIR/net other=$BATS_TEST_TMPDIR/other first
	touch "$net" "$other"
	unshare --net="$net" true
	unshare --net="$other" true
	cleanup_later "umount $net; umount $other"
	with_namespace network "$net"
	run_counter
	checkpoint
	first=$(count)
	with_namespace network "$other"
	restore
	goes_on "$first"
	assert_eq "$(stat -Lc %i "/proc/$(pid_of)/ns/net")" "$(stat -Lc %i "$other")"
	hull delete --force "$ID"
}

@test "checkpoint: a terminal, which restore sends to the console socket" {
	config '.process.terminal = true'
	script 'while read -r line; do echo "got $line"; done'
	IMAGES=$BATS_TEST_TMPDIR/images
	"$PYTHON" "$BATS_TEST_DIRNAME/../bats/recvtty.py" a --input $'first\n' >tty1 2>/dev/null &
	wait_until test -S a
	run_detached --console-socket a
	wait_until has_text "got first" tty1
	checkpoint
	wait
	"$PYTHON" "$BATS_TEST_DIRNAME/../bats/recvtty.py" b --input $'second\n' >tty2 2>/dev/null &
	wait_until test -S b
	restore --console-socket b
	wait_until has_text "got second" tty2
	hull delete --force "$ID"
	wait
}

@test "restore: in the foreground, its exit code is that of the program" {
	script 'trap "exit 9" TERM; touch /ready; while :; do sleep 0.05 || :; done'
	IMAGES=$BATS_TEST_TMPDIR/images
	run_detached
	wait_until test -e "$ROOTFS/ready"
	checkpoint
	hull restore --image-path "$IMAGES" "$ID" </dev/null >"$OUT" 2>&1 &
	local waiting=$! code=0
	wait_status running
	hull kill "$ID" TERM
	wait "$waiting" || code=$?
	assert_eq "$code" 9
	gone
}

@test "restore: hooks see the new process" {
	local hook=$BATS_TEST_TMPDIR/hook
	printf '%s\n' '#!/bin/sh' "cat >>$BATS_TEST_TMPDIR/states" >"$hook"
	chmod +x "$hook"
	config --arg h "$hook" '.hooks.createRuntime = [{path: $h}] | .hooks.poststop = [{path: $h}]'
	run_counter
	checkpoint
	: >"$BATS_TEST_TMPDIR/states"
	restore
	assert_eq "$(jq -r .pid "$BATS_TEST_TMPDIR/states")" "$(pid_of)"
	hull delete --force "$ID"
	assert_eq "$(jq -r .status "$BATS_TEST_TMPDIR/states" | tail -n 1)" stopped
}

@test "restore: what is no image is refused, and nothing is left" {
	local file
	script true
	try hull restore --image-path "$BATS_TEST_TMPDIR/nothing" "$ID"
	assert_error --image-path "$BATS_TEST_TMPDIR/nothing"
	mkdir "$BATS_TEST_TMPDIR/empty"
	try hull restore --image-path "$BATS_TEST_TMPDIR/empty" "$ID"
	assert_error inventory.img
	run_counter
	checkpoint
	# Each image cut in its middle.
	for file in inventory pstree core-1 mm-1 pagemap-1 files descriptors.json; do
		rm -rf "$BATS_TEST_TMPDIR/bad"
		cp -r "$IMAGES" "$BATS_TEST_TMPDIR/bad"
		[[ $file == *.json ]] || file+=.img
		truncate -s "$(($(stat -c %s "$IMAGES/$file") / 2))" "$BATS_TEST_TMPDIR/bad/$file"
		try hull restore --detach --image-path "$BATS_TEST_TMPDIR/bad" "$ID"
		assert_error
		gone
	done
	# Files that are none, and a log that points elsewhere.
	rm "$BATS_TEST_TMPDIR/bad/pstree.img"
	mkfifo "$BATS_TEST_TMPDIR/bad/pstree.img"
	try hull restore --detach --image-path "$BATS_TEST_TMPDIR/bad" "$ID"
	assert_error pstree.img
	echo precious >"$BATS_TEST_TMPDIR/precious"
	ln -sf "$BATS_TEST_TMPDIR/precious" "$IMAGES/restore.log"
	restore
	assert_eq "$(<"$BATS_TEST_TMPDIR/precious")" precious
	assert_nothing_left_but_running
}
assert_nothing_left_but_running() {
	assert_eq "$(status_of)" running
	assert_eq "$(grep -c "$BATS_TEST_TMPDIR" /proc/self/mountinfo)" 0
}

@test "restore: a name that is in use" {
	run_counter
	checkpoint --leave-running
	try restore
	assert_status 1
	[[ $(<"$BATS_TEST_TMPDIR/detached.err") == *"in use"* || $(<"$BATS_TEST_TMPDIR/detached.err") == *exists* ]]
	goes_on "$(count)"
}

@test "checkpoint: no CRIU, one that is too old, one that ends" {
	local old=$BATS_TEST_TMPDIR/criu-old
	run_counter
	try hull --criu "$BATS_TEST_TMPDIR/none" checkpoint --image-path "$IMAGES" "$ID"
	assert_error "$BATS_TEST_TMPDIR/none" "there is no such program"
	try hull --criu /bin/true checkpoint --image-path "$IMAGES" "$ID"
	assert_error "CRIU does not answer"
	# It says that it is 3.15: criu_resp { type: VERSION, success: true, version { 3, 15 } }.
	cat >"$old" <<-'PYTHON'
		#!/usr/bin/python3
		import socket, sys
		s = socket.socket(fileno=int(sys.argv[2]))
		s.recv(65536)
		s.send(bytes([8, 10, 16, 1, 82, 4, 8, 3, 16, 15]))
	PYTHON
	chmod +x "$old"
	try hull --criu "$old" checkpoint --image-path "$IMAGES" "$ID"
	assert_error "CRIU 3.15 is too old: hull needs 3.19 or newer"
	assert_eq "$(status_of)" running
	goes_on "$(count)"
}

@test "checkpoint: options that make no sense" {
	run_counter
	try checkpoint --parent-path /abs
	assert_error "--parent-path" relative
	try checkpoint --page-server nowhere
	assert_error "--page-server" ADDRESS:PORT
	try checkpoint --manage-cgroups-mode often
	assert_error "--manage-cgroups-mode" often
	try checkpoint --empty-ns pid
	assert_error "--empty-ns" pid
	try checkpoint --ghost-limit 1x
	assert_error "--ghost-limit" 1x
	try checkpoint --network-lock wool
	assert_error "--network-lock" wool
	goes_on "$(count)"
}

@test "checkpoint --check: what it would fail at, while the container runs" {
	SCRIPT='exec 7<>/big; dd if=/dev/zero of=/big bs=1M count=2 2>/dev/null; rm /big; '
	run_counter
	try checkpoint --check --ghost-limit 4M
	assert_ok
	assert_output "container $ID can be checkpointed"
	hull exec --detach "$ID" sh -c 'while :; do sleep 0.1 || :; done' </dev/null >/dev/null 2>&1
	try checkpoint --check
	# The descriptor is its sleep's too, when there is one just then.
	assert_error "container $ID cannot be checkpointed now: $(wc -l <<<"$output") obstacles"
	assert_has "descriptor 7" "--ghost-limit" "was added by exec"
	not test -e "$IMAGES"
	try hull --criu /bin/true checkpoint --check --ghost-limit 4M "$ID"
	assert_has "CRIU does not answer"
	goes_on "$(count)"
}

@test "checkpoint --check: io_uring, a listening socket and a connection" {
	mount_add /usr bind /usr rbind ro
	ln -s usr/lib "$ROOTFS/lib"
	ln -s usr/lib64 "$ROOTFS/lib64"
	cat >"$ROOTFS/open.py" <<-'EOF_PY'
		import ctypes, os, socket, time
		parameters = (ctypes.c_uint32 * 64)()
		ctypes.CDLL(None, use_errno=True).syscall(425, 4, parameters)
		a = socket.create_server(("127.0.0.1", 4000))
		b = socket.create_connection(("127.0.0.1", 4000))
		open("/ready", "w")
		while True:
		    time.sleep(0.1)
	EOF_PY
	payload /usr/bin/python3 /open.py
	run_detached
	wait_until test -e "$ROOTFS/ready"
	try hull checkpoint --check "$ID"
	assert_status 1
	assert_has "(python3), descriptor" "established TCP connection: --tcp-established"
	# Where the kernel lets nobody have one there is none to be seen.
	[[ $(cat /proc/sys/kernel/io_uring_disabled) == 2 ]] || assert_has io_uring_setup
}
