#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the hooks' own; try sets $stderr
# The six kinds of hooks: when they run, where, what they are told, and what their failure means.

load setup

HOOK_KINDS=(prestart createRuntime createContainer startContainer poststart poststop)

# A program for the hooks: writes its first argument and the state that it reads to $LOG.
# startContainer hooks run inside, so it is in the root file system as well.
setup_hook() {
	LOG=$BATS_TEST_TMPDIR/hooks.log
	: >"$LOG"
	cat >"$BATS_TEST_TMPDIR/hook" <<-END
		#!/bin/sh
		state=\$(cat)
		echo "\$1" >>$LOG
		echo "\$state" >$BATS_TEST_TMPDIR/state-\$1
	END
	printf '#!/bin/sh\ncat >/state-"$1"\necho "$1" >>/hooks.log\n' >"$ROOTFS/hook"
	chmod +x "$BATS_TEST_TMPDIR/hook" "$ROOTFS/hook"
}

# hook KIND SCRIPT: one more hook of KIND that runs SCRIPT.
hook() {
	config --arg kind "$1" --arg script "$2" \
		'.hooks[$kind] += [{path: "/bin/sh", args: ["sh", "-c", $script]}]'
}

all_hooks() {
	local kind path
	for kind in "${HOOK_KINDS[@]}"; do
		path=$BATS_TEST_TMPDIR/hook
		[[ $kind != startContainer ]] || path=/hook
		config --arg kind "$kind" --arg path "$path" \
			'.hooks[$kind] = [{path: $path, args: ["hook", $kind], env: ["PATH=/bin:/usr/bin"]}]'
	done
}

@test "hooks: each kind at its time" {
	setup_hook
	all_hooks
	script 'echo payload >>/hooks.log; sleep 1000'
	create_container
	assert_eq "$(xargs <"$LOG")" "prestart createRuntime createContainer"
	[[ ! -e $ROOTFS/hooks.log ]]
	hull start "$ID"
	wait_until has_text payload "$ROOTFS/hooks.log"
	assert_eq "$(xargs <"$ROOTFS/hooks.log")" "startContainer payload"
	if ! $PEER; then assert_eq "$(tail -n 1 "$LOG")" poststart; fi
	hull delete --force "$ID"
	assert_eq "$(tail -n 1 "$LOG")" poststop
	assert_eq "$(wc -l <"$LOG")" 5
}

@test "hooks: run calls all six" {
	setup_hook
	all_hooks
	run_script 'echo payload >>/hooks.log'
	assert_ok
	assert_eq "$(sort "$LOG" | xargs)" "createContainer createRuntime poststart poststop prestart"
	assert_eq "$(tail -n 1 "$LOG")" poststop
	assert_eq "$(xargs <"$ROOTFS/hooks.log")" "startContainer payload"
}

@test "hooks: the state on their standard input" {
	setup_hook
	all_hooks
	config '.annotations = {"org.example.key": "value"}'
	script 'sleep 1000'
	create_container
	local pid kind file
	pid=$(pid_of)
	hull start "$ID"
	wait_until test -s "$BATS_TEST_TMPDIR/state-poststart"
	hull delete --force "$ID"
	for kind in "${HOOK_KINDS[@]}"; do
		file=$BATS_TEST_TMPDIR/state-$kind
		[[ $kind != startContainer ]] || file=$ROOTFS/state-$kind
		assert_eq "$(jq -r .id "$file")" "$ID"
		assert_eq "$(jq -r .bundle "$file")" "$BUNDLE"
		[[ $(jq -r .ociVersion "$file") == 1.* ]]
		assert_eq "$(jq -r '.annotations["org.example.key"]' "$file")" value
	done
	for kind in prestart createRuntime; do
		assert_eq "$(jq .pid "$BATS_TEST_TMPDIR/state-$kind")" "$pid"
		[[ $(jq -r .status "$BATS_TEST_TMPDIR/state-$kind") == creat* ]]
	done
	[[ $(jq -r .status "$ROOTFS/state-startContainer") == created ]]
	if ! $PEER; then
		assert_eq "$(jq -r .status "$BATS_TEST_TMPDIR/state-poststart")" running
		assert_eq "$(jq .pid "$BATS_TEST_TMPDIR/state-poststart")" "$pid"
	fi
	assert_eq "$(jq -r .status "$BATS_TEST_TMPDIR/state-poststop")" stopped
}

@test "hooks: several of one kind in the order of the document" {
	local n
	for n in 1 2 3 4; do
		hook createRuntime "echo $n >>$BATS_TEST_TMPDIR/order"
		hook poststop "echo stop$n >>$BATS_TEST_TMPDIR/order"
	done
	run_script true
	assert_ok
	assert_eq "$(xargs <"$BATS_TEST_TMPDIR/order")" "1 2 3 4 stop1 stop2 stop3 stop4"
}

@test "hooks: path, args and env as configured, nothing else of the caller's" {
	cat >"$BATS_TEST_TMPDIR/hook" <<-END
		#!/bin/sh
		printf '%s|' "\$@" >$BATS_TEST_TMPDIR/args
		/usr/bin/env >$BATS_TEST_TMPDIR/env
	END
	chmod +x "$BATS_TEST_TMPDIR/hook"
	config --arg path "$BATS_TEST_TMPDIR/hook" \
		'.hooks.createRuntime = [{path: $path, args: ["name", "a b", "", "c"], env: ["ONE=1", "TWO=a b=c"]}]'
	SECRET=leaked run_script true
	assert_ok
	assert_eq "$(cat "$BATS_TEST_TMPDIR/args")" 'a b||c|'
	grep -qx ONE=1 "$BATS_TEST_TMPDIR/env"
	grep -qx 'TWO=a b=c' "$BATS_TEST_TMPDIR/env"
	run ! grep -q SECRET "$BATS_TEST_TMPDIR/env"
}

@test "hooks: without env the caller's; those of startContainer the container's" {
	local dir=$BATS_TEST_TMPDIR kind
	printf '#!/bin/sh\nenv >/env.startContainer\n' >"$ROOTFS/hook"
	chmod +x "$ROOTFS/hook"
	config '.hooks.startContainer = [{path: "/hook"}] | .process.env += ["INSIDE=1"]'
	for kind in prestart createRuntime poststart poststop; do
		config --arg kind "$kind" --arg text "env >$dir/env.$kind; echo >>$dir/env.$kind" \
			'.hooks[$kind] = [{path: "/bin/sh", args: ["sh", "-c", $text]}]'
	done
	config --arg text "/usr/bin/env >$dir/env.none" \
		'.hooks.createRuntime += [{path: "/bin/sh", args: ["sh", "-c", $text], env: []}]'
	OUTSIDE=1 run_script true
	assert_ok
	for kind in prestart createRuntime poststart poststop; do
		grep -qx OUTSIDE=1 "$dir/env.$kind"
		grep -qxF "PATH=$PATH" "$dir/env.$kind"
		not grep -q INSIDE "$dir/env.$kind"
	done
	not grep -q OUTSIDE "$dir/env.none"
	grep -qx INSIDE=1 "$ROOTFS/env.startContainer"
	grep -qx HOME=/root "$ROOTFS/env.startContainer"
	not grep -q OUTSIDE "$ROOTFS/env.startContainer"
}

@test "hooks: without args the path is the name" {
	printf '#!/bin/sh\necho "$0 $#" >%s\n' "$BATS_TEST_TMPDIR/args" >"$BATS_TEST_TMPDIR/hook"
	chmod +x "$BATS_TEST_TMPDIR/hook"
	config --arg path "$BATS_TEST_TMPDIR/hook" '.hooks.createRuntime = [{path: $path}]'
	run_script true
	assert_ok
	assert_eq "$(cat "$BATS_TEST_TMPDIR/args")" "$BATS_TEST_TMPDIR/hook 0"
}

@test "hooks: in the namespaces that the specification gives them" {
	local dir=$BATS_TEST_TMPDIR kind
	for kind in prestart createRuntime poststart poststop; do
		hook "$kind" "readlink /proc/self/ns/mnt /proc/self/ns/net >$dir/ns-$kind"
	done
	hook createContainer "readlink /proc/self/ns/mnt >$dir/ns-createContainer"
	hook startContainer "(readlink /proc/self/ns/mnt; readlink /proc/self/ns/pid) >/ns-startContainer"
	script 'sleep 1000'
	run_detached
	local pid host_mnt
	pid=$(pid_of)
	host_mnt=$(readlink /proc/self/ns/mnt)
	wait_until test -s "$dir/ns-poststart"
	for kind in prestart createRuntime poststart; do
		assert_eq "$(cat "$dir/ns-$kind")" "$(readlink /proc/self/ns/mnt /proc/self/ns/net)"
	done
	assert_eq "$(cat "$dir/ns-createContainer")" "$(readlink "/proc/$pid/ns/mnt")"
	[[ $(cat "$dir/ns-createContainer") != "$host_mnt" ]]
	assert_eq "$(cat "$ROOTFS/ns-startContainer")" "$(readlink "/proc/$pid/ns/mnt" "/proc/$pid/ns/pid")"
	hull delete --force "$ID"
	assert_eq "$(head -n 1 "$dir/ns-poststop")" "$host_mnt"
}

@test "hooks: createRuntime can set up the container's network before it runs" {
	hook createRuntime 'pid=$(sed -n "s/.*\"pid\": *\([0-9]*\).*/\1/p"); nsenter -t "$pid" -n sh -c "echo 1 >/proc/sys/net/ipv4/ip_forward"'
	run_script 'cat /proc/sys/net/ipv4/ip_forward'
	assert_ok
	assert_output 1
}

@test "hooks: createContainer sees the mounts of the container before the root changes" {
	mount_add /mnt tmpfs tmpfs size=4k
	hook createContainer "touch $ROOTFS/mnt/by-hook; cat /etc/hostname >/dev/null && echo host"
	run_script 'ls /mnt'
	assert_ok
	assert_has by-hook
	[[ ! -e $ROOTFS/mnt/by-hook ]]
}

@test "hooks: they get no descriptors but the standard ones" {
	hook createRuntime "ls /proc/self/fd >$BATS_TEST_TMPDIR/fds"
	exec 7</etc/hostname
	run_script true
	exec 7<&-
	assert_ok
	assert_eq "$(xargs <"$BATS_TEST_TMPDIR/fds")" "0 1 2 3"
}

@test "hooks: startContainer runs below the container's seccomp filter, createContainer does not" {
	local rule='{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95}'
	config ".linux.seccomp = {defaultAction: \"SCMP_ACT_ALLOW\", syscalls: [$rule]}"
	hook createContainer "mkdir $BATS_TEST_TMPDIR/made"
	payload true
	cp config.json without.json
	hook startContainer 'mkdir /made'
	try hull run "$ID"
	[[ $status -ne 0 && -d $BATS_TEST_TMPDIR/made && ! -e $ROOTFS/made ]]
	$PEER || assert_error "error running startContainer hook #0" "not supported"

	rmdir "$BATS_TEST_TMPDIR/made"
	config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_KILL_PROCESS" |
		del(.linux.seccomp.syscalls[0].errnoRet)'
	try hull run "$ID"
	[[ $status -ne 0 && ! -e $ROOTFS/made ]]
	$PEER || assert_error "error running startContainer hook #0" "bad system call"

	mv without.json config.json
	rmdir "$BATS_TEST_TMPDIR/made"
	try hull run "$ID"
	assert_ok
}

@test "hooks: a failing one before the start fails create, and nothing is left" {
	local kind
	for kind in prestart createRuntime createContainer; do
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		payload true
		hook "$kind" 'echo reason >&2; exit 23'
		hook "$kind" "touch $BATS_TEST_TMPDIR/second"
		try hull create "$ID"
		assert_status 1
		[[ $stderr == *23* ]] || report "$kind: the exit code is not named"
		[[ $stderr == *"error running $kind hook #0: "* ]] || report "$kind is not named"
		[[ ! -e $BATS_TEST_TMPDIR/second ]]
		assert_nothing_left
	done
}

@test "hooks: a failing startContainer fails start, and the payload never runs" {
	hook startContainer 'exit 24'
	script 'touch /ran'
	create_container
	try hull start "$ID"
	if ! $PEER; then assert_error startContainer 24; fi
	wait_status stopped
	[[ ! -e $ROOTFS/ran ]]
	hull delete "$ID"
	assert_nothing_left
}

@test "hooks: a failing one fails run, and nothing is left" {
	local kind
	for kind in createRuntime startContainer poststart; do
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		script 'sleep 1000'
		hook "$kind" 'exit 25'
		try hull run "$ID"
		[[ $status -ne 0 ]]
		$PEER || assert_error "$kind" 25
		assert_nothing_left
	done
}

@test "hooks: after one that fails the poststop hooks run" {
	local kind
	for kind in prestart createRuntime createContainer startContainer poststart; do
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		payload true
		hook "$kind" 'exit 27'
		hook poststop "touch $BATS_TEST_TMPDIR/$kind"
		try hull run "$ID"
		[[ $status -ne 0 && -e $BATS_TEST_TMPDIR/$kind ]] || report "$kind"
		assert_nothing_left
	done
}

@test "hooks: a failing poststart stops the container" {
	if $PEER; then skip "since version 1.3 of the specification"; fi
	hook poststart 'exit 26'
	script 'sleep 1000'
	create_container
	try hull start "$ID"
	assert_error poststart 26
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
}

@test "hooks: a failing poststop is a warning; the others run, delete succeeds" {
	hook poststop 'exit 27'
	hook poststop "touch $BATS_TEST_TMPDIR/second"
	payload true
	run_detached
	wait_status stopped
	try hull delete "$ID"
	assert_ok
	[[ $stderr == *27* ]]
	[[ -e $BATS_TEST_TMPDIR/second ]]
	assert_nothing_left
}

@test "hooks: one that is killed by a signal" {
	hook createRuntime 'kill -9 $$'
	payload true
	try hull create "$ID"
	assert_status 1
	[[ -n $stderr ]]
	$PEER || assert_error "signal 9 (killed)"
	$PEER || [[ $stderr == *"(killed)"* ]]
	assert_nothing_left
}

@test "hooks: one that takes longer than its timeout is killed and has failed" {
	config --arg f "$BATS_TEST_TMPDIR/pid" '.hooks.createRuntime = [{path: "/bin/sh",
		args: ["sh", "-c", "echo $$ >\($f); exec sleep 1000"], timeout: 1}]'
	payload true
	try hull create "$ID"
	assert_error "$($PEER || echo createRuntime)"
	wait_until is_gone "$(cat "$BATS_TEST_TMPDIR/pid")"
	assert_nothing_left
}

@test "hooks: one within its timeout succeeds" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "exit 0"], timeout: 2147483647}]'
	run_script 'echo ran'
	assert_ok
	assert_output ran
}

@test "hooks: one that is missing, not executable, or not absolute" {
	payload true
	config --arg p "$BATS_TEST_TMPDIR/missing" '.hooks = {createRuntime: [{path: $p}]}'
	try hull create "$ID"
	assert_error "$BATS_TEST_TMPDIR/missing"
	assert_nothing_left
	touch "$BATS_TEST_TMPDIR/plain"
	config --arg p "$BATS_TEST_TMPDIR/plain" '.hooks = {createRuntime: [{path: $p}]}'
	try hull create "$ID"
	assert_error "$BATS_TEST_TMPDIR/plain"
	assert_nothing_left
	config '.hooks = {createRuntime: [{path: "true"}]}'
	try hull create "$ID"
	$PEER || assert_error "hooks.createRuntime[0].path" absolute
	assert_nothing_left
}

@test "hooks: one that never reads its state does no harm" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", "exec <&-; exit 0"]}]
		| .annotations = {big: ([range(200000) | "x"] | join(""))}'
	run_script 'echo ran'
	assert_ok
	assert_output ran
}

@test "hooks: what they print does not mix with the container's output" {
	hook createRuntime 'echo hook-output; echo hook-error >&2'
	run_script 'echo payload'
	assert_ok
	assert_line payload
}

@test "hooks: annotations give their output to files" {
	if $PEER; then skip "of crun and hull"; fi
	local kind
	config --arg d "$BATS_TEST_TMPDIR" '.annotations = {"run.oci.hooks.stdout": "\($d)/out",
		"run.oci.hooks.stderr": "\($d)/err"}'
	for kind in "${HOOK_KINDS[@]}"; do
		hook "$kind" "cat >/dev/null; echo $kind; echo no-$kind >&2"
	done
	echo before >"$BATS_TEST_TMPDIR/out"
	payload true
	try hull run "$ID"
	assert_ok
	assert_eq "$(xargs <"$BATS_TEST_TMPDIR/out")" "before prestart createRuntime createContainer poststart poststop"
	assert_eq "$(xargs <"$BATS_TEST_TMPDIR/err")" \
		"no-prestart no-createRuntime no-createContainer no-poststart no-poststop"
	config '.annotations["run.oci.hooks.stderr"] = "err"'
	try hull run "$ID"
	assert_error 'annotations["run.oci.hooks.stderr"]' absolute
	config '.annotations["run.oci.hooks.stderr"] = "/nowhere/err" | del(.hooks.poststop)'
	try hull run "$ID"
	assert_error 'annotations["run.oci.hooks.stderr"]' /nowhere/err
	assert_nothing_left
}
