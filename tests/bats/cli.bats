#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are jq's; try sets $stderr
# The command line itself: help, version, wrong words; spec and features.

load setup

COMMANDS=(create start state kill delete run exec list ps pause resume update events spec features
	doctor mounts tenant)

# ---- help and version ------------------------------------------------------------------------------------

@test "--version: three lines that engines parse" {
	try hull --version
	assert_ok
	if $PEER; then skip "another name"; fi
	[[ $(sed -n 1p <<<"$output") =~ ^hull\ version\ [0-9]+\.[0-9]+ ]]
	[[ $(sed -n 2p <<<"$output") =~ ^commit:\ . ]]
	assert_eq "$(sed -n 3p <<<"$output")" "spec: 1.3.0"
	local version=$output
	try hull -v
	assert_output "$version"
}

@test "--version by crun's letter" {
	try hull -V
	assert_ok
	assert_has "version " commit: spec:
}

@test "--help: exit code 0, on standard output, every command in it" {
	local command option
	for option in --help -h; do
		try hull $option
		assert_ok
		for command in "${COMMANDS[@]}"; do
			grep -qw "$command" <<<"$output" || report "$command is missing"
		done
		assert_has --root --log --log-format --debug
	done
	assert_eq "$stderr" ""
}

@test "--help of every command: exit code 0, its own text" {
	local command
	for command in "${COMMANDS[@]}"; do
		try hull "$command" --help
		assert_ok
		assert_has "$command"
		assert_eq "$stderr" ""
		try hull "$command" -h
		assert_ok
	done
}

@test "help by the words of runc and of crun" {
	local words command
	command=$(hull run --help)
	for words in "help run" "h run" "run -?" "run --usage" "--debug help run"; do
		# shellcheck disable=SC2086 # words
		try hull $words
		assert_ok
		assert_output "$command"
	done
	command=$(hull --help)
	for words in help h "-?" --usage; do
		try hull "$words"
		assert_ok
		assert_output "$command"
	done
	try hull help nosuch
	assert_error 'unknown command: "nosuch"'
}

@test "--help names each option of the command" {
	try hull create --help
	assert_has --bundle --config --console-socket --pid-file --no-pivot --no-new-keyring \
		--preserve-fds --no-subreaper
	try hull run --help
	assert_has --bundle --detach --keep --no-subreaper
	try hull exec --help
	assert_has --process --tty --cwd --env --user --detach --pid-file --console-socket --cap \
		--apparmor --process-label --no-new-privs --preserve-fds --additional-gids --ignore-paused \
		--cgroup
	try hull delete --help
	assert_has --force --regex
	try hull kill --help
	assert_has --all --regex
	try hull events --help
	assert_has --interval --stats --pressure
	try hull update --help
	assert_has --resources --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-rt-period \
		--cpu-rt-runtime --cpu-share --cpu-idle --cpuset-cpus --cpuset-mems --memory \
		--memory-reservation --memory-swap --pids-limit --l3-cache-schema --mem-bw-schema \
		--kernel-memory --kernel-memory-tcp
	try hull list --help
	assert_has --quiet --format
}

@test "--help in the middle of an exec is the command's" {
	run_sleeper
	try hull exec "$ID" echo --help
	assert_output --help
}

# ---- wrong words -----------------------------------------------------------------------------------------

@test "no command: how to go on, and not 0 or a help text" {
	try hull
	if ((status)); then [[ -n $stderr ]]; else assert_has create; fi
}

@test "an unknown command: one line, exit code 1" {
	if $PEER; then skip "3 in runc"; fi
	local word
	for word in nonsense Create createe cre ''; do
		try hull "$word" x
		assert_error "$word"
	done
}

@test "an unknown option: one line, exit code 1" {
	local command
	for command in "${COMMANDS[@]}"; do
		try hull "$command" --no-such-option "$ID"
		assert_status 1
		$PEER || assert_error no-such-option
	done
	try hull --no-such-option list
	assert_status 1
	$PEER || assert_error no-such-option
	try hull run -Z "$ID"
	assert_status 1
	$PEER || assert_error Z
	assert_nothing_left
}

@test "an option without its value" {
	local words
	for words in "create --bundle" "run --pid-file" "create --console-socket" "list --format" "--root" "--log" "--log-format"; do
		# shellcheck disable=SC2086 # words
		try hull $words
		assert_status 1
		$PEER || assert_error "${words##* --}"
	done
}

@test "an option with a value that it does not take" {
	if $PEER; then skip "others parse true and false"; fi
	try hull delete --force=maybe "$ID"
	assert_error force
	try hull --log-format xml list
	assert_error xml
}

@test "too few arguments, too many" {
	local command
	for command in create start state kill delete run ps pause resume; do
		try hull "$command"
		assert_status 1
		$PEER || assert_error
	done
	for command in create start state run pause resume; do
		try hull "$command" "$ID" extra
		assert_status 1
		$PEER || assert_error
	done
	assert_nothing_left
}

@test "options as engines write them: --name value, --name=value, short ones" {
	run_script 'echo ran'
	local words
	for words in "--bundle $BUNDLE" "--bundle=$BUNDLE" "-b $BUNDLE"; do
		# shellcheck disable=SC2086 # words
		try hull run $words "$ID"
		assert_ok
	done
	try env "$MARK" "$HULL" --root="$STATE" --log-format=json --log="$BATS_TEST_TMPDIR/log" list
	assert_ok
}

@test "--systemd-cgroup and --rootless are understood" {
	try hull --rootless auto list
	assert_ok
	try hull --rootless=false list
	assert_ok
	try hull --systemd-cgroup list
	assert_ok
	try hull --cgroup-manager systemd list
	assert_ok
	try hull --cgroup-manager cgroupfs list
	assert_ok
	try hull --cgroup-manager openrc list
	assert_error --cgroup-manager "cgroupfs, systemd or disabled" openrc
}

@test "--root: made when it is missing, private" {
	[[ ! -e $STATE ]]
	run_sleeper
	[[ -d $STATE ]]
	[[ $(stat -c %a "$STATE") == 7[01][01] ]]
}

@test "--root: a file, or a place that cannot be written" {
	touch "$BATS_TEST_TMPDIR/file"
	payload true
	try env "$MARK" "$HULL" --root "$BATS_TEST_TMPDIR/file" run "$ID"
	assert_error "$BATS_TEST_TMPDIR/file"
	try env "$MARK" "$HULL" --root /proc/no/such run "$ID"
	assert_error /proc/no
	assert_nothing_left
}

@test "--root: two of them do not see each other" {
	run_sleeper
	try env "$MARK" "$HULL" --root "$BATS_TEST_TMPDIR/other" list -q
	assert_ok
	assert_output ""
	try env "$MARK" "$HULL" --root "$BATS_TEST_TMPDIR/other" state "$ID"
	assert_error "does not exist"
}

@test "a full disk is an error, not a success" {
	[[ -c /dev/full ]] || skip "no /dev/full"
	if $PEER; then skip "others do not look"; fi
	local command
	for command in --version --help features "list -f json"; do
		status=0
		# shellcheck disable=SC2086 # words
		hull $command >/dev/full 2>"$BATS_TEST_TMPDIR/stderr" || status=$?
		[[ $status -eq 1 ]] || fail "$command"
	done
}

# ---- spec --------------------------------------------------------------------------------------------------

@test "spec: writes config.json that runs" {
	rm config.json
	try hull spec
	assert_ok
	assert_output ""
	assert_eq "$(jq -r '.process.args | join(" ")' config.json)" sh
	assert_eq "$(jq -r '.root.path' config.json)" rootfs
	[[ $(jq -r .ociVersion config.json) == 1.* ]]
	assert_eq "$(jq '.process.capabilities.inheritable | length' config.json)" 0
	config '.process.terminal = false'
	echo 'echo from standard input' >"$BATS_TEST_TMPDIR/input"
	INPUT=$BATS_TEST_TMPDIR/input try hull run "$ID"
	assert_ok
	assert_output "from standard input"
}

@test "spec: does not overwrite" {
	local before
	before=$(cksum <config.json)
	try hull spec
	assert_error config.json
	assert_eq "$(cksum <config.json)" "$before"
	rm config.json
	ln -s "$BATS_TEST_TMPDIR/elsewhere" config.json
	try hull spec
	assert_status 1
	[[ ! -e $BATS_TEST_TMPDIR/elsewhere ]]
}

@test "spec --file: another name" {
	try hull spec --file other.json
	assert_ok
	jq -e .process other.json
	try hull spec -f other.json
	assert_error "other.json already exists"
}

@test "spec --bundle: another directory" {
	mkdir "$BATS_TEST_TMPDIR/new"
	cd /
	try hull spec --bundle "$BATS_TEST_TMPDIR/new"
	assert_ok
	jq -e .process "$BATS_TEST_TMPDIR/new/config.json" >/dev/null
	try hull spec -b "$BATS_TEST_TMPDIR/missing"
	assert_error missing
}

@test "spec --rootless: user namespace and mappings" {
	rm config.json
	try hull spec --rootless
	assert_ok
	assert_eq "$(jq '[.linux.namespaces[].type] | index("user") != null' config.json)" true
	assert_eq "$(jq '[.linux.namespaces[].type] | index("network")' config.json)" null
	assert_eq "$(jq '.linux.uidMappings[0].containerID' config.json)" 0
	assert_eq "$(jq '.linux.gidMappings[0].size' config.json)" 1
}

# ---- features ------------------------------------------------------------------------------------------------

@test "features: the document of the specification" {
	try hull features
	assert_ok
	cp "$BATS_TEST_TMPDIR/stdout" features.json
	[[ $(jq -r .ociVersionMin features.json) == 1.* ]]
	$PEER || assert_eq "$(jq -r .ociVersionMax features.json)" 1.3.0
	assert_eq "$(jq -r '.hooks | sort | join(" ")' features.json)" \
		"createContainer createRuntime poststart poststop prestart startContainer"
	jq -e '.mountOptions | index("bind") and index("ro") and index("rro") and index("rshared")' features.json
	jq -e '.linux.namespaces | sort | join(" ") | test("cgroup ipc mount network pid (time )?user uts")' features.json
	jq -e '.linux.capabilities | index("CAP_CHOWN") and index("CAP_CHECKPOINT_RESTORE")' features.json
	jq -e '.linux.cgroup.v1 and .linux.cgroup.v2' features.json
	jq -e '.linux.seccomp.enabled' features.json
	jq -e '.linux.seccomp.actions | index("SCMP_ACT_ALLOW") and index("SCMP_ACT_ERRNO") and index("SCMP_ACT_KILL_PROCESS")' features.json
	jq -e '.linux.seccomp.operators | index("SCMP_CMP_EQ") and index("SCMP_CMP_MASKED_EQ")' features.json
	jq -e '.linux.seccomp.archs | index("SCMP_ARCH_X86_64")' features.json
}

@test "--version works behind every command too" {
	local command
	for command in create start run exec state list ps pause resume kill delete spec features doctor; do
		try hull "$command" --version
		assert_ok
		[[ $output == "hull version "* ]] || report "$command"
	done
}
