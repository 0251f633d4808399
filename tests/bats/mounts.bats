#!/usr/bin/env bats
# shellcheck disable=SC2016 # $names in single quotes are the container's own
# shellcheck disable=SC2030,SC2031,SC2154 # try sets its variables
# hull mounts add and remove: in a container that runs.

load setup

setup_source() {
	if $PEER; then skip "of hull, and of new versions of crun"; fi
	SOURCE=$BATS_TEST_TMPDIR/source
	mkdir -p "$SOURCE/below"
	echo content >"$SOURCE/file"
	chmod 755 "$SOURCE"
}

# mounts VERB EXPRESSION: the array is jq's, with $s for the source.
mounts() {
	jq -n --arg s "$SOURCE" "$2" >"$BATS_TEST_TMPDIR/mounts.json"
	try hull mounts "$1" "$ID" "$BATS_TEST_TMPDIR/mounts.json"
}

@test "mounts: add and remove a folder, a file, a new file system" {
	setup_source
	run_sleeper
	mounts add '[{destination: "/new/data", type: "bind", source: $s, options: ["bind", "ro", "nosuid"]},
		{destination: "/etc/file", source: "\($s)/file", options: ["bind"]},
		{destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["size=65536", "mode=1750"]}]'
	assert_ok
	try hull exec "$ID" sh -c 'cat /new/data/file /etc/file; touch /new/data/x; stat -c %a /scratch
		awk "\$5 ~ /^.(new|etc|scratch)/ {print \$5, \$6, \$NF}" /proc/self/mountinfo'
	assert_has $'content\ncontent\n1750\n' "/new/data ro,nosuid" "size=64k"
	[[ $stderr == *Read-only* ]]
	mounts remove '[{destination: "/new/data"}, {destination: "/etc/file"}, {destination: "/scratch"}]'
	assert_ok
	try hull exec "$ID" sh -c 'ls /new/data /scratch; grep -c -e /new -e /scratch -e /etc/file /proc/self/mountinfo'
	assert_has 0
	assert_lacks below
	# The host has seen nothing of it.
	not grep -F "$BATS_TEST_TMPDIR/" /proc/self/mountinfo
}

@test "mounts: all or none" {
	setup_source
	run_sleeper
	mounts add '[{destination: "/one", source: $s, options: ["bind"]},
		{destination: "/two", type: "no-such-fs", source: "none"}]'
	assert_error 'mounts[1] (/two)' no-such-fs
	try hull exec "$ID" grep -c /one /proc/self/mountinfo
	assert_output 0
	mounts add '[{destination: "/one", source: $s, options: ["bind"]}, {destination: "/two", source: "\($s)/none",
		options: ["bind"]}]'
	assert_error 'mounts[1].source' none
	mounts remove '[{destination: "/nothing/there"}]'
	assert_error 'mounts[0] (/nothing/there)'
	mounts remove '[{destination: "/etc"}]'
	assert_error 'mounts[0] (/etc)' "nothing is mounted"
}

@test "mounts: a user namespace, whose root owns what is made" {
	setup_source
	user_namespace
	run_sleeper
	mounts add '[{destination: "/made/data", source: $s, options: ["rbind", "idmap"]},
		{destination: "/scratch", type: "tmpfs", source: "tmpfs"}]'
	assert_ok
	try hull exec "$ID" sh -c 'stat -c %u:%g /made /made/data /scratch; touch /scratch/x && cat /made/data/file'
	assert_output $'0:0\n0:0\n0:0\ncontent'
}

@test "mounts: links in the container lead nowhere else" {
	setup_source
	mkdir "$BATS_TEST_TMPDIR/victim"
	ln -s "$BATS_TEST_TMPDIR/victim" "$ROOTFS/absolute"
	ln -s "../../../../../../../../..$BATS_TEST_TMPDIR/victim" "$ROOTFS/relative"
	mkdir -p "$BATS_TEST_TMPDIR/elsewhere"
	run_sleeper
	mounts add '[{destination: "/absolute/a", source: $s, options: ["bind"]},
		{destination: "/relative/b", source: $s, options: ["bind"]}]'
	assert_ok
	[[ -z $(ls -A "$BATS_TEST_TMPDIR/victim") ]]
	try hull exec "$ID" cat /absolute/a/file /relative/b/file
	assert_output $'content\ncontent'
	mounts remove '[{destination: "/absolute/a"}, {destination: "/relative/b"}]'
	assert_ok
}

@test "mounts: refused: /proc, procfs, cgroups, sharing, wrong documents, stopped containers" {
	setup_source
	run_sleeper
	mounts add '[{destination: "/proc/sys", source: $s, options: ["bind"]}]'
	assert_error 'mounts[0] (/proc/sys)' procfs
	mounts add '[{destination: "/mnt/p", type: "proc", source: "proc"}]'
	assert_error 'mounts[0] (/mnt/p)' "proc cannot be mounted"
	mounts add '[{destination: "/mnt/c", type: "cgroup2", source: "cgroup"}]'
	assert_error "cgroup2 cannot be mounted"
	mounts add '[{source: $s, options: ["bind"]}]'
	assert_error 'mounts[0].destination'
	mounts add '{mountz: []}'
	assert_error mounts missing
	mounts add '[{destination: "/x", options: ["bind"]}]'
	assert_error 'mounts[0].source'
	INPUT=<(echo '[{') try hull mounts add "$ID" -
	assert_status 1
	mounts change '[]'
	assert_error "add or remove"
	hull kill "$ID" KILL
	wait_status stopped
	mounts add '[]'
	assert_error "is stopped"
}

@test "mounts: a created and a paused container; from standard input" {
	setup_source
	payload cat /data/file
	create_container
	jq -n --arg s "$SOURCE" '{mounts: [{destination: "/data", source: $s, options: ["bind"]}]}' >mounts.json
	INPUT=mounts.json try hull mounts add "$ID" -
	assert_ok
	hull start "$ID"
	wait_until has_text content "$OUT"
	wait_status stopped
	hull delete "$ID"
	run_sleeper
	hull pause "$ID"
	mounts add '[{destination: "/data", source: $s, options: ["bind"]}]'
	assert_ok
	hull resume "$ID"
	try hull exec "$ID" cat /data/file
	assert_output content
}
