#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's; try sets $output
# hull image run, exec, shell, lock: from an image in the store to a container, looked at from inside
# and outside. How images come into the store is tests/bats/image*.bats.

load setup
load image

setup_file() {
	if $PEER; then skip "hull's own command"; fi
	IMAGES=$BATS_FILE_TMPDIR/images
	export IMAGES
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR"
	image_make "$BATS_FILE_TMPDIR"
	"$HULL" image --store "$IMAGES" pull --quiet "oci:$BATS_FILE_TMPDIR/layout:box"
	BOX=oci:$BATS_FILE_TMPDIR/layout:box
	export BOX
}

image() { hull image --store "$IMAGES" "$@"; }
# inside TEXT [OPTION...]: a shell of the box runs TEXT, as root.
inside() {
	local text=$1
	shift
	try image run --name "$ID" --user root --entrypoint '' "$@" "$BOX" sh -c "$text"
}

@test "image run: the image's entrypoint, command, environment, user and working folder" {
	try image run "$BOX"
	assert_ok
	assert_output $'user\n/work/here\nred'
}

@test "image run: a command of one's own, its exit code, its standard input" {
	INPUT=$BATS_TEST_TMPDIR/input
	echo typed >"$INPUT"
	try image run "$BOX" 'read line; echo $line; echo noise >&2; exit 7'
	assert_status 7
	assert_output typed
	[[ $stderr == noise ]]
	try image run "$BOX" -- 'exit 8'
	assert_status 8
}

@test "image run: an engine's exit codes: 125 for hull, 126 and 127 for the program" {
	try image run --no-such-option "$BOX"
	assert_error --code 125 "--no-such-option"
	try image run --pull never "$BATS_TEST_TMPDIR.example/none"
	assert_status 125
	try image run --entrypoint /data/file "$BOX"
	assert_error --code 126 "permission denied"
	try image run --entrypoint no-such-program "$BOX"
	assert_error --code 127 "no-such-program"
}

@test "image run: users by name and number, their groups and home" {
	try image run --entrypoint '' --user user "$BOX" sh -c 'id -u; id -g; id -G; echo $HOME'
	assert_output $'1000\n1000\n1000 2000\n/home/user'
	try image run --entrypoint '' --user 12345:2000 "$BOX" sh -c 'id -u; id -g; echo $HOME'
	assert_output $'12345\n2000\n/'
	try image run --user nobody-here "$BOX"
	assert_error --code 125 nobody-here
	try image run --user user:no-such-group "$BOX"
	assert_error --code 125 no-such-group
}

@test "image run: what is changed is gone with the container, and nothing of it is mounted here" {
	inside 'echo new >/file; rm /data/file; cat /file; ls /data | wc -l'
	assert_output $'new\n0'
	inside 'cat /file /data/file'
	assert_output from-the-image
	not grep -qF "$STATE" /proc/self/mountinfo
}

@test "image run --overlay: what is changed is there in the next run" {
	inside 'echo new >/file; rm /data/file' --overlay "$BATS_TEST_TMPDIR/kept"
	assert_status 125
	mkdir "$BATS_TEST_TMPDIR/kept"
	inside 'echo new >/file; rm /data/file' --overlay "$BATS_TEST_TMPDIR/kept"
	assert_ok
	inside 'cat /file; ls /data | wc -l' --overlay "$BATS_TEST_TMPDIR/kept"
	assert_output $'new\n0'
}

@test "image run --read-only: but for what must be written, and volumes as the image has them" {
	inside 'echo x >/file; echo x >/etc/file; echo x >/tmp/file && echo x >/run/file && cat /data/file &&
		echo x >/data/file && echo written' --read-only
	assert_output $'from-the-image\nwritten'
	[[ $stderr == *"/file: Read-only file system"*"/etc/file: Read-only"* ]]
}

@test "image run --bind: files and folders, read-only too, and what is wrong" {
	mkdir "$BATS_TEST_TMPDIR/folder"
	echo bound >"$BATS_TEST_TMPDIR/folder/file"
	inside 'cat /a/file; echo out >/a/out; echo no >/b; cat /b' --bind "$BATS_TEST_TMPDIR/folder:/a" \
		--volume "$BATS_TEST_TMPDIR/folder/file:/b:ro"
	assert_output $'bound\nbound'
	assert_eq "$(<"$BATS_TEST_TMPDIR/folder/out")" out
	inside true --bind "$BATS_TEST_TMPDIR/missing:/a"
	assert_error --code 125 --bind missing
	inside true --bind "$BATS_TEST_TMPDIR/folder:/a:purple"
	assert_error --code 125 purple
	inside true --bind "$BATS_TEST_TMPDIR/folder:a"
	assert_error --code 125 absolute
}

@test "image run: of the caller's environment nothing, but what is named" {
	printf '# a comment\nFROM_FILE=file\n\nCOLOUR=green\n' >"$BATS_TEST_TMPDIR/env"
	export NAMED=named UNNAMED=unnamed
	inside 'echo "$NAMED-$UNNAMED-$FROM_FILE-$COLOUR-$X"' --env NAMED --env-file "$BATS_TEST_TMPDIR/env" -e X=1
	assert_output named--file-green-1
}

@test "image run --home, --pwd, --hostname" {
	mkdir "$BATS_TEST_TMPDIR/home"
	inside 'pwd; echo $HOME; hostname; cat /etc/hostname; touch ~/touched' --home "$BATS_TEST_TMPDIR/home:/me" \
		--pwd /new/folder --hostname other
	assert_output $'/new/folder\n/me\nother\nother'
	[[ -e $BATS_TEST_TMPDIR/home/touched ]]
}

@test "image run --network: none has loopback alone, host is the machine's" {
	inside 'ls /sys/class/net; cat /sys/class/net/lo/flags; grep -c localhost /etc/hosts'
	assert_output $'lo\n0x9\n2'
	inside 'readlink /proc/self/ns/net' --network host
	assert_output "$(readlink /proc/self/ns/net)"
	inside true --network bridge
	assert_error --code 125 "none, host or private"
}

# A machine of its own with a neighbour: commands run by "on machine" and "on neighbour".
machines_make() {
	command -v pasta >/dev/null || skip "pasta (passt) is not installed"
	ip netns add "$ID-machine"
	CLEANUPS+=("ip netns del $ID-machine")
	ip netns add "$ID-neighbour"
	CLEANUPS+=("ip netns del $ID-neighbour")
	ip -n "$ID-machine" link set lo up
	ip -n "$ID-neighbour" link set lo up
	ip -n "$ID-machine" link add up0 type veth peer name up1 netns "$ID-neighbour"
	ip -n "$ID-neighbour" address add 10.9.8.1/24 dev up1
	ip -n "$ID-neighbour" link set up1 up
}
on() { nsenter --net="/run/netns/$ID-$1" "${@:2}"; }
# Nobody is at work in that machine.
machine_idle() {
	local process
	for process in /proc/[0-9]*; do
		[[ ! $process/ns/net -ef /run/netns/$ID-machine ]] || return 1
	done
}

@test "image run --network private: it gets out, has a name server, and nothing of it stays" {
	local private=("$HULL" image --root "$STATE" --store "$IMAGES" run --name "$ID" --user root --entrypoint '' --network private)
	machines_make
	try on machine "${private[@]}" "$BOX" true
	assert_error --code 125 "--network private: pasta: "
	ip -n "$ID-machine" address add 10.9.8.7/24 dev up0
	ip -n "$ID-machine" link set up0 up
	ip -n "$ID-machine" route add default via 10.9.8.1
	mkdir "$BATS_TEST_TMPDIR/www"
	echo from-outside >"$BATS_TEST_TMPDIR/www/file"
	nsenter --net="/run/netns/$ID-neighbour" busybox httpd -f -p 10.9.8.1:8080 -h "$BATS_TEST_TMPDIR/www" 3>&- 4>&- &
	CLEANUPS+=("kill $! 2>/dev/null || true")
	wait_until on neighbour busybox wget -q -O /dev/null http://10.9.8.1:8080/file
	try on machine "${private[@]}" "$BOX" sh -c 'wget -q -O - http://10.9.8.1:8080/file; cat /etc/resolv.conf; ls /sys/class/net'
	assert_output $'from-outside\nnameserver 169.254.1.1\nlo\nup0'
	wait_until machine_idle
	try on machine "${private[@]}" --detach "$BOX" sleep 1000
	assert_output "$ID"
	not machine_idle
	[[ $(readlink "/proc/$(pid_of)/ns/net") != "$(on machine readlink /proc/self/ns/net)" ]]
	hull kill "$ID" KILL
	wait_until machine_idle
	hull delete --force "$ID"
}

@test "image run: Podman's capabilities and no others, a seccomp filter, no secrets of the kernel" {
	inside 'grep -E "^(CapBnd|CapEff|Seccomp):" /proc/self/status; wc -c </proc/keys; echo x >/proc/sys/kernel/domainname'
	assert_has $'CapEff:\t00000000800405fb' $'CapBnd:\t00000000800405fb' $'Seccomp:\t2' $'\n0'
	[[ $stderr == *"Read-only file system"* ]]
	inside 'grep CapEff: /proc/self/status' --cap-drop ALL --cap-add NET_RAW --cap-add cap_chown
	assert_output $'CapEff:\t0000000000002001'
	inside true --cap-add CAP_FLY
	assert_error --code 125 CAP_FLY
}

@test "image run --memory, --pids, --cpus: limits of the container's cgroup" {
	need_controller memory
	need_controller pids
	image run --name "$ID" --detach --user root --entrypoint '' --memory 64M --pids 33 --cpus 1 "$BOX" \
		sleep 1000 >/dev/null
	assert_eq "$(limit "$(pid_of)" memory memory.limit_in_bytes memory.max)" 67108864
	assert_eq "$(limit "$(pid_of)" pids pids.max pids.max)" 33
	try image exec "$ID" nproc
	assert_output 1
	inside true --memory much
	assert_error --code 125 --memory
	inside true --cpus 100000
	assert_error --code 125 --cpus
}

@test "image exec: in a container that runs, as another user too, with an engine's exit codes" {
	try image run --name "$ID" --detach --user root --entrypoint '' "$BOX" sleep 1000
	assert_output "$ID"
	try image exec "$ID" -- sh -c 'echo $COLOUR; exit 3'
	assert_status 3
	assert_output red
	try image exec --user user --env X=1 --pwd /tmp "$ID" sh -c 'id -G; echo $HOME $X; pwd'
	assert_output $'1000 2000\n/home/user 1\n/tmp'
	try image exec "$ID" no-such-program
	assert_error --code 127 no-such-program
	try image exec no-such-container true
	assert_error --code 125 no-such-container
}

@test "image shell: the image's shell reads what is typed" {
	INPUT=$BATS_TEST_TMPDIR/input
	echo 'echo $((6 * 7)); exit 5' >"$INPUT"
	try image shell "$BOX"
	assert_status 5
	assert_output 42
}

@test "image run, killed at any moment, leaves nothing to clean" {
	local pid n
	for n in 1 2 3 4 5 6; do
		image run --name "$ID" "$BOX" 'sleep 1000' >"$OUT" 2>&1 &
		pid=$!
		nap "0.0$n"
		# shellcheck disable=SC2046 # the words are process ids
		kill -KILL "$pid" $(processes_of "$ID") 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
		hull delete --force "$ID" 2>/dev/null || true
		not grep -qF "$STATE" /proc/self/mountinfo
	done
	try image run "$BOX" 'echo again'
	assert_output again
}

@test "image run --cpu-model: the level's flags, its knobs, one processor; 125 without the level" {
	inside 'sed -n "s/^flags.*: //p" /proc/cpuinfo | tr " " "\n" | grep -cE "^avx|^fma$|^sse4_2$"; nproc
		echo $OPENBLAS_CORETYPE $OMP_NUM_THREADS $MKL_CBWR; grep -c ^processor /proc/cpuinfo' --cpu-model x86-64-v2
	assert_output $'1\n1\nNehalem 1 COMPATIBLE\n1'
	inside true --cpu-model x86-64-v9
	assert_error --code 125 "x86-64-v2, x86-64-v3 or x86-64-v4"
}

@test "image run --no-aslr: the same addresses each time" {
	inside 'grep -E "heap|stack" /proc/self/maps | cut -d" " -f1; cat /proc/self/personality' --no-aslr
	assert_has 00040000
	local first=$output
	inside 'grep -E "heap|stack" /proc/self/maps | cut -d" " -f1; cat /proc/self/personality' --no-aslr
	assert_output "$first"
}

# ---- lock files ----------------------------------------------------------------------------------

lock_box() { image lock --user root --entrypoint '' "$@" "$BOX" -- sh -c 'echo $COLOUR $(nproc); cat /in'; }

@test "image lock: the same text each time, by which run --locked runs" {
	echo input >in
	try lock_box --cpu-model x86-64-v2 --bind "$PWD/in:/in:ro" --output results:/out
	assert_ok
	assert_eq "$(jq -c '[.runtime.binds[].destination]' hull.lock)" '["/in","/out"]'
	try lock_box --cpu-model x86-64-v2 --bind "$PWD/in:/in:ro"
	assert_eq "$output" "hull.lock: environment $(jq -r .environment hull.lock)"
	cp hull.lock first
	lock_box --cpu-model x86-64-v2 --bind "$PWD/in:/in:ro" >/dev/null
	cmp first hull.lock
	assert_eq "sha256:$(jq -jS 'del(.environment)' hull.lock | sha256sum | cut -d' ' -f1)" "$(jq -r .environment hull.lock)"
	try image run --locked
	assert_output $'red 1\ninput'
	try image run --locked --user user
	assert_error --code 125 "the lock file says how to run"
}

@test "image run --locked: says which input, digest or value differs" {
	echo input >in
	lock_box --bind "$PWD/in:/in:ro" >/dev/null
	echo other >in
	try image run --locked hull.lock
	assert_error --code 125 "$PWD/in" "locked is" "here is"
	echo input >in
	cp hull.lock whole
	sed -i 's/"COLOUR": "red"/"COLOUR": "blue"/' hull.lock
	try image run --locked
	assert_error --code 125 "changed by hand" "lock --update"
	image lock --update >/dev/null
	try image run --locked
	assert_output "blue $(nproc)"$'\ninput'
	jq '.images.main.manifest.digest |= sub("....$"; "0000")' whole >hull.lock
	try image lock --update
	try image --store "$BATS_TEST_TMPDIR/empty" run --locked whole
	assert_error --code 125 "$(jq -r .images.main.manifest.digest whole)" "not in the store"
}

@test "image run --locked: bad lock files, one line each" {
	local row
	echo input >in
	lock_box --bind "$PWD/in:/in:ro" >/dev/null
	for row in '.lockVersion = 2|newer hull' 'del(.images)|images: is missing' '.runtime.args = []|runtime.args' \
		'.runtime.cwd = "here"|runtime.cwd' '.runtime.clock = "faked"|faked' '.runtime.network = "wide"|wide' \
		'.images.main.config.digest = "md5:1"|images.main.config.digest' '.inputs[0].size = "x"|inputs[0].size' \
		'.runtime.env = {"a=b": "c"}|a=b' '[.]|must be an object'; do
		jq "${row%|*}" hull.lock >bad
		try image run --locked bad
		assert_error --code 125 bad "${row##*|}"
	done
	head -c 100 hull.lock >bad
	try image run --locked bad
	assert_error --code 125 bad
	try image run --locked no-such-file
	assert_error --code 125 no-such-file
}

@test "image lock --diff: what differs, with diff's exit codes; --check: what the store has" {
	lock_box --file a >/dev/null
	lock_box --file b --cpus 1 --env COLOUR=blue >/dev/null
	try image lock --diff a a
	assert_ok
	assert_output ""
	try image lock --diff a b
	assert_status 1
	assert_has 'runtime.env.COLOUR: "red" -> "blue"' 'runtime.cpus: (none) -> 1'
	try image lock --check a
	assert_ok
	assert_output "store: has all 3"
	try image --store "$BATS_TEST_TMPDIR/empty" lock --check a
	assert_status 1
	assert_has "lacks manifest $(jq -r .images.main.manifest.digest a)" "lacks layer"
}

@test "image lock --update: which packages the new image has" {
	image_make "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
	BOX=oci:$PWD/layout:box
	image lock "$BOX" >/dev/null
	try image lock --update
	assert_output "hull.lock: nothing has changed"
	printf 'Package: box\nVersion: 2.0\n\nPackage: lid\nVersion: 1\n' >box/rootfs/var/lib/dpkg/status
	umoci repack --refresh-bundle --image layout:box box >repack.log 2>&1
	try image lock --update
	assert_has 'box: "1.0" -> "2.0"' 'lid: (none) -> "1"' 'images.main.manifest.digest: ' environment
	try image run --locked
	assert_ok
}

# rpm_database FILE NAME VERSION RELEASE EPOCH...: what rpm writes of these packages (and a key), in
# the mode of a log beside it.
rpm_database() {
	rm -f "$1"
	"$PYTHON" - "$@" <<-'END'
		import sqlite3, struct, sys
		def header(name, version, release, epoch, arch):
		    entries, data = b"", b""
		    for tag, text in (1000, name), (1001, version), (1002, release), (1022, arch):
		        entries += struct.pack(">4I", tag, 6, len(data), 1)
		        data += text.encode() + b"\0"
		    if epoch != "-":
		        data += bytes(-len(data) % 4)
		        entries += struct.pack(">4I", 1003, 4, len(data), 1)
		        data += struct.pack(">I", int(epoch))
		    return struct.pack(">2I", len(entries) // 16, len(data)) + entries + data
		words = sys.argv[2:]
		db = sqlite3.connect(sys.argv[1])
		db.execute("PRAGMA journal_mode = WAL")
		db.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
		rows = [words[i:i + 4] + ["x86_64"] for i in range(0, len(words), 4)] + [["gpg-pubkey", "a", "b", "-", "(none)"]]
		db.executemany("INSERT INTO Packages (blob) VALUES (?)", [(header(*row),) for row in rows])
		db.execute("INSERT INTO Packages (blob) VALUES (?)", (b"\xff" * 40,))
		db.commit()
		db.close()
	END
}

@test "image lock --update: the packages of apk and of rpm" {
	local apk=box/rootfs/lib/apk/db/installed rpm=box/rootfs/var/lib/rpm/rpmdb.sqlite
	image_make "$BATS_TEST_TMPDIR"
	cd "$BATS_TEST_TMPDIR" || return
	rm box/rootfs/var/lib/dpkg/status
	mkdir -p "${apk%/*}" "${rpm%/*}" locks
	repack() { umoci repack --refresh-bundle --image layout:box box >repack.log 2>&1; }
	repack
	image lock --file locks/box.lock "oci:$PWD/layout:box" -- true >/dev/null
	update() {
		repack
		try image lock --update locks/box.lock
	}
	printf 'P:musl\nV:1.2.4-r0\nA:x86_64\n\nP:busybox\nV:1.36-r5\n' >$apk
	update
	assert_has 'musl: (none) -> "1.2.4-r0"' 'busybox: (none) -> "1.36-r5"'
	rm $apk
	rpm_database $rpm bash 5.2 1.fc40 - glibc 2.39 4 2
	update
	assert_has 'musl: "1.2.4-r0" -> (none)' 'bash: (none) -> "5.2-1.fc40.x86_64"' 'glibc: (none) -> "2:2.39-4.x86_64"'
	assert_lacks gpg-pubkey
	rpm_database $rpm bash 5.3 1.fc41 - zlib 1.3 1 -
	update
	assert_has 'bash: "5.2-1.fc40.x86_64" -> "5.3-1.fc41.x86_64"' 'glibc: "2:2.39-4.x86_64" -> (none)' 'zlib: (none) -> '
	head -c 5000 /dev/zero >$rpm
	update
	assert_ok
	assert_has 'zlib: "1.3-1.x86_64" -> (none)'
}

# ---- records -------------------------------------------------------------------------------------

# record_box TEXT [OPTION...]: a shell of the box runs TEXT, and run.json says so.
record_box() {
	local text=$1
	shift
	try image run --user root --entrypoint '' --record run.json --output out:/out "$@" "$BOX" sh -c "$text"
}

@test "image run --record: an RO-Crate with the command, inputs, outputs and the lock" {
	echo input >in
	record_box 'mkdir /out/sub; cat /in >/out/sub/copy; exit 3' --bind "$PWD/in:/in:ro"
	assert_status 3
	jq -e --arg sha "$(sha256sum <in | cut -d' ' -f1)" '."@graph" | map({(."@id"): .}) | add
		| ."./".conformsTo."@id" == "https://w3id.org/ro/wfrun/process/0.6"
		and (to_entries[] | select(.value."@type" == "CreateAction") | .value
			| .actionStatus."@id" == "http://schema.org/FailedActionStatus"
			and (.result | map(."@id")) == ["file://'"$PWD"'/out/sub/copy"])
		and ."file://'"$PWD"'/in".sha256 == $sha and ."file://'"$PWD"'/out/sub/copy".sha256 == $sha
		and ."#hull-exit-code".value == "3"
		and (."#hull.lock".text | fromjson | .runtime.args[0]) == "sh"' run.json
	record_box true
	assert_error --code 125 "out/sub/copy" "was here before"
}

@test "image export --single: one file that runs by itself, the same each time, and comes back the same" {
	local digest out=$BATS_TEST_TMPDIR/out
	mkdir "$out"
	cd "$out"
	digest=$(image export --single box.hull "$BOX")
	image export --single again.hull "$BOX"
	cmp box.hull again.hull
	[[ -x box.hull ]]
	# Neither store nor registry: the file alone, by the shell's way.
	PATH=${HULL%/*}:$PATH HULL_STORE=$out/none try ./box.hull
	assert_output $'user\n/work/here\nred'
	PATH=${HULL%/*}:$PATH HULL_STORE=$out/none try ./box.hull 'cat /data/file; exit 3'
	assert_status 3
	assert_output from-the-image
	[[ ! -e $out/none ]]
	try image run --user root --entrypoint '' ./box.hull sh -c 'id -u; touch /new; ls /new'
	assert_output $'0\n/new'
	IMAGES=$out/other
	assert_eq "$(image import box.hull back)" "$digest"
	try image check
	assert_ok
	assert_eq "$(image export --single back.hull back)" "$digest"
	try image run back
	assert_output $'user\n/work/here\nred'
}

@test "image export --single --lock: it runs as the lock says, and refuses what differs" {
	local out=$BATS_TEST_TMPDIR/out
	mkdir "$out"
	cd "$out"
	echo one >in
	image lock --file hull.lock --bind "$PWD/in:/in:ro" --env COLOUR=blue --entrypoint '' "$BOX" -- sh -c 'cat /in; echo $COLOUR $0'
	image export --single job.hull --lock hull.lock "$BOX"
	try image run ./job.hull more
	assert_output $'one\nblue more'
	try image run --env COLOUR=red ./job.hull
	assert_error --code 125 "--locked: the lock file says how to run"
	try image run --record run.json ./job.hull again
	assert_output $'one\nblue again'
	image export --single kept.hull --lock hull.lock --record run.json "$BOX"
	echo two >in
	try image run ./job.hull
	assert_error --code 125 "input $PWD/in: locked is sha256:"
}

@test "image run FILE: damaged and cut files, one line each" {
	local size
	cd "$BATS_TEST_TMPDIR"
	image export --single box.hull "$BOX"
	size=$(stat -c %s box.hull)
	truncate -s -512 box.hull
	try image run ./box.hull
	assert_error --code 125
	image export --single box.hull "$BOX"
	printf x | dd of=box.hull bs=1 seek=$((size - 1200)) conv=notrunc status=none
	try image run ./box.hull
	assert_error --code 125 "box.hull: is damaged"
	try image import box.hull new
	assert_error "box.hull: is damaged"
	image export --single box.hull "$BOX"
	# In a layer: the import finds it.
	printf x | dd of=box.hull bs=1 seek=$((size / 2)) conv=notrunc status=none
	IMAGES=$PWD/other
	try image import box.hull new
	assert_error "box.hull: "
	try image list --quiet
	assert_output ''
}

@test "image rerun: the same bytes; and what differs, since when, and why perhaps" {
	record_box 'echo same >/out/same' --cpus 1
	assert_ok
	try image rerun run.json
	assert_ok
	assert_output "same: /out/same"
	assert_eq "$(<out/same)" same
	rm -r out
	record_box 'echo begin $(cat /proc/sys/kernel/random/uuid) >/out/random; echo same >/out/same; [ ! -e /out/no ]'
	try image rerun --into "$BATS_TEST_TMPDIR/new" run.json
	assert_status 1
	assert_has "differs: /out/random" "from byte 6 on" "same: /out/same" "--cpus" "$BATS_TEST_TMPDIR/new"
	not cmp "$BATS_TEST_TMPDIR"/new/*/random out/random
	cmp "$BATS_TEST_TMPDIR"/new/*/same out/same
}

@test "image rerun: what is no record" {
	echo '{' >bad
	try image rerun bad
	assert_error --code 125 bad
	echo '{"@graph": []}' >bad
	try image rerun bad
	assert_error --code 125 bad "no record"
	record_box true
	jq '(."@graph"[] | select(."@id" == "#hull.lock").text) |= sub("\"red\""; "\"blue\"")' run.json >bad
	try image rerun bad
	assert_error --code 125 "was changed"
}
