#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are jq's; try sets $stderr
# Bad input: every document that is not a configuration is refused in one line that names the place
# in the document, with exit code 1, and nothing is left: no directory, cgroup, mount or process.

load setup

# refused PLACE: create and run refuse config.json because of PLACE.
refused() {
	local command
	for command in create run; do
		try hull "$command" "$ID"
		assert_error
		$PEER || [[ $stderr == "hull: config.json"*"$1"* ]] || report "the message does not name '$1'"
		assert_nothing_left
	done
}

# table: each line of standard input is "EXPRESSION => PLACE"; the base document changed by the jq
# expression is refused because of the place. All documents are made by one jq.
table() {
	local line expression place n=0 program='' places=() expressions=()
	while IFS= read -r line; do
		[[ -n $line && $line != '#'* ]] || continue
		expression=${line%% => *}
		place=${line##* => }
		expressions+=("$expression")
		places+=("$place")
		program+="$expression),("
	done
	jq -c "(${program%',('}" "$BATS_RUN_TMPDIR/base/config.json" >"$BATS_TEST_TMPDIR/documents"
	while IFS= read -r line; do
		printf '%s\n' "$line" >config.json
		try hull create "$ID"
		[[ $status -eq 1 && -n $stderr ]] || report "accepted: ${expressions[n]}"
		if ! $PEER; then
			[[ $stderr != *$'\n'* ]] || report "more than one line: ${expressions[n]}"
			[[ $stderr == "hull: config.json: ${places[n]}"[:\ ]* || $stderr == "hull: config.json: ${places[n]}" ]] ||
				report "the message does not name ${places[n]}: ${expressions[n]}"
			[[ $stderr != *"o such file or directory"* && $stderr != *"ermission denied"* ]] ||
				report "words that engines take for a missing command: ${expressions[n]}"
		fi
		[[ -z $(ls -A "$STATE" 2>/dev/null) ]] || report "a directory is left: ${expressions[n]}"
		((n += 1))
	done <"$BATS_TEST_TMPDIR/documents"
	assert_eq "$n" "${#places[@]}"
	assert_nothing_left
}

# ---- no JSON at all -------------------------------------------------------------------------------------

@test "no config.json, an empty one, a directory, a FIFO without a writer" {
	rm config.json
	try hull create "$ID"
	assert_error config.json
	$PEER || [[ $stderr != *"o such file or directory"* ]] || report "these words mean a missing command"
	: >config.json
	refused ""
	rm config.json
	mkdir config.json
	refused ""
	rmdir config.json
	mkfifo config.json
	refused ""
}

@test "no bundle, and a bundle that is a file" {
	try hull create --bundle "$BATS_TEST_TMPDIR/missing" "$ID"
	assert_error "$BATS_TEST_TMPDIR/missing"
	touch "$BATS_TEST_TMPDIR/file"
	try hull create --bundle "$BATS_TEST_TMPDIR/file" "$ID"
	assert_error "$BATS_TEST_TMPDIR/file"
	assert_nothing_left
}

@test "not JSON" {
	local text
	for text in 'hello' '{' '}' '{"a":}' '{"a" 1}' "{'a': 1}" '{"a": 1,}' '[1,]' '{"a": 01}' '{"a": +1}' '{"a": .5}' \
		'{"a": tru}' '{"a": "x}' '{"a": "\x"}' '{"a": "\u12"}' '{a: 1}' '{} {}' '{"a": NaN}' $'{"a": "new\nline"}' \
		'{"a": 1}x' '// comment' '{"a": 1 "b": 2}' $'\xff\xfe{}' $'{"a": "\xff"}' 'null' 'true' '5' '"text"' '[]'; do
		printf '%s' "$text" >config.json
		try hull create "$ID"
		[[ $status -eq 1 && -n $stderr ]] || report "accepted: $text"
		if ! $PEER; then
			[[ $stderr == "hull: config.json: "* && $stderr != *$'\n'* ]] || report "the message: $text"
		fi
	done
	assert_nothing_left
}

@test "truncated at any place" {
	local size length
	jq -c . "$BATS_RUN_TMPDIR/base/config.json" >whole.json
	size=$(stat -c %s whole.json)
	for ((length = 0; length < size - 1; length += 61)); do
		head -c "$length" whole.json >config.json
		try hull create "$ID"
		[[ $status -eq 1 && $stderr == *config.json* ]] || report "accepted $length bytes"
	done
	assert_nothing_left
}

@test "binary rubbish, zeros" {
	head -c 100000 /dev/urandom >config.json
	refused ""
	head -c 100000 /dev/zero >config.json
	refused ""
}

@test "100 MB of nesting: arrays, objects" {
	head -c 100000000 /dev/zero | tr '\0' '[' >config.json
	refused ""
	yes '{"a":' | tr -d '\n' | head -c 100000000 >config.json
	refused ""
	{
		printf '{"ociVersion": "1.0.0", "annotations": '
		head -c 10000 /dev/zero | tr '\0' '['
		head -c 10000 /dev/zero | tr '\0' ']'
		printf '}'
	} >config.json
	refused ""
}

@test "a very long string, a very long number, very many members" {
	{
		printf '{"ociVersion": "'
		head -c 50000000 /dev/zero | tr '\0' x
		printf '"}'
	} >config.json
	refused ""
	{
		printf '{"ociVersion": "1.0.0", "process": {"user": {"uid": '
		head -c 1000000 /dev/zero | tr '\0' 9
		printf '}}}'
	} >config.json
	refused ""
	[[ ${#stderr} -lt 2000 ]] || fail "the message has ${#stderr} characters"
}

# ---- wrong types, at any depth ------------------------------------------------------------------------------

@test "wrong types: every member of the default document, whatever it is replaced with" {
	local path place
	# Every place of the document, each with a value of a type that it cannot have.
	jq -c 'paths(. != null) as $p | select($p[0] != "annotations")
		| {place: ($p | map(if type == "number" then "[\(.)]" else ".\(.)" end) | join("") | ltrimstr(".")),
		   document: setpath($p; (getpath($p) | if type == "object" or type == "array" then 7 else [7] end))}' \
		"$BATS_RUN_TMPDIR/base/config.json" >"$BATS_TEST_TMPDIR/documents"
	jq -r .place "$BATS_TEST_TMPDIR/documents" >"$BATS_TEST_TMPDIR/places"
	jq -c .document "$BATS_TEST_TMPDIR/documents" >"$BATS_TEST_TMPDIR/bodies"
	while IFS= read -r path <&5 && IFS= read -r place <&6; do
		printf '%s\n' "$path" >config.json
		try hull create "$ID" 5<&- 6<&-
		[[ $status -eq 1 ]] || report "accepted with a wrong $place"
		$PEER || [[ $stderr == "hull: config.json: $place: "* && $stderr != *$'\n'* ]] || report "the message: $place"
	done 5<"$BATS_TEST_TMPDIR/bodies" 6<"$BATS_TEST_TMPDIR/places"
	assert_nothing_left
}

@test "wrong types: the rest of the process" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		.process.args = "sh" => process.args
		.process.args = ["sh", 5] => process.args[1]
		.process.args[0] = null => process.args[0]
		.process.env = {"A": "b"} => process.env
		.process.env = ["A=b", {}] => process.env[1]
		.process.cwd = null | .process.cwd = 5 => process.cwd
		.process.user = "root" => process.user
		.process.user.uid = "0" => process.user.uid
		.process.user.uid = 1.5 => process.user.uid
		.process.user.uid = -1 => process.user.uid
		.process.user.uid = 4294967296 => process.user.uid
		.process.user.gid = true => process.user.gid
		.process.user.umask = "022" => process.user.umask
		.process.user.additionalGids = 5 => process.user.additionalGids
		.process.user.additionalGids = [5, "6"] => process.user.additionalGids[1]
		.process.user.additionalGids = [-5] => process.user.additionalGids[0]
		.process.capabilities.bounding = {} => process.capabilities.bounding
		.process.capabilities.ambient = [1] => process.capabilities.ambient[0]
		.process.rlimits = {} => process.rlimits
		.process.rlimits = [5] => process.rlimits[0]
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: "1", hard: 1}] => process.rlimits[0].soft
		.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 1, hard: -1}] => process.rlimits[0].hard
		.process.noNewPrivileges = "true" => process.noNewPrivileges
		.process.noNewPrivileges = 1 => process.noNewPrivileges
		.process.terminal = 0 => process.terminal
		.process.consoleSize = [1, 2] => process.consoleSize
		.process.consoleSize = {height: "1", width: 2} => process.consoleSize.height
		.process.oomScoreAdj = "100" => process.oomScoreAdj
		.process.oomScoreAdj = 1001 => process.oomScoreAdj
		.process.apparmorProfile = 5 => process.apparmorProfile
		.process.selinuxLabel = {} => process.selinuxLabel
	END
}

@test "wrong types: mounts, hooks, annotations, root" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		.mounts = {} => mounts
		.mounts[1] = "x" => mounts[1]
		.mounts[3].destination = 5 => mounts[3].destination
		.mounts[3].type = [] => mounts[3].type
		.mounts[3].source = {} => mounts[3].source
		.mounts[3].options = "ro" => mounts[3].options
		.mounts[3].options = ["ro", 5] => mounts[3].options[1]
		.mounts[1].uidMappings = 5 => mounts[1].uidMappings
		.mounts[1].gidMappings = [{containerID: "0"}] => mounts[1].gidMappings[0].containerID
		.hooks = [] => hooks
		.hooks.prestart = {} => hooks.prestart
		.hooks.createRuntime = [5] => hooks.createRuntime[0]
		.hooks.createContainer = [{path: 5}] => hooks.createContainer[0].path
		.hooks.startContainer = [{path: "/x", args: "x"}] => hooks.startContainer[0].args
		.hooks.poststart = [{path: "/x", env: [1]}] => hooks.poststart[0].env[0]
		.hooks.poststop = [{path: "/x"}, {path: "/x", timeout: "1"}] => hooks.poststop[1].timeout
		.annotations = [] => annotations
		.annotations = {"key": 5} => annotations.key
		.root = "rootfs" => root
		.root.path = ["x"] => root.path
		.root.readonly = "no" => root.readonly
		.hostname = {} => hostname
		.domainname = 5 => domainname
	END
}

@test "wrong types: linux" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		.linux = [] => linux
		.linux.namespaces = {} => linux.namespaces
		.linux.namespaces[2] = "pid" => linux.namespaces[2]
		.linux.namespaces[2].type = 5 => linux.namespaces[2].type
		.linux.namespaces[2].path = 5 => linux.namespaces[2].path
		.linux.uidMappings = {} => linux.uidMappings
		.linux.uidMappings = [{containerID: 0, hostID: "0", size: 1}] => linux.uidMappings[0].hostID
		.linux.gidMappings = [{containerID: 0, hostID: 0, size: -1}] => linux.gidMappings[0].size
		.linux.devices = {} => linux.devices
		.linux.devices = [{path: "/dev/x", type: "c", major: "1", minor: 2}] => linux.devices[0].major
		.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 2, fileMode: "0666"}] => linux.devices[0].fileMode
		.linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 2, uid: -1}] => linux.devices[0].uid
		.linux.cgroupsPath = {} => linux.cgroupsPath
		.linux.sysctl = ["x"] => linux.sysctl
		.linux.sysctl = {"net.ipv4.ip_forward": 1} => linux.sysctl.net.ipv4.ip_forward
		.linux.maskedPaths = "/x" => linux.maskedPaths
		.linux.maskedPaths = ["/x", 5] => linux.maskedPaths[1]
		.linux.readonlyPaths = {} => linux.readonlyPaths
		.linux.readonlyPaths = [null, 5] => linux.readonlyPaths[0]
		.linux.mountLabel = 5 => linux.mountLabel
		.linux.rootfsPropagation = 5 => linux.rootfsPropagation
		.linux.personality = "LINUX32" => linux.personality
		.linux.timeOffsets = [] => linux.timeOffsets
	END
}

@test "wrong types: resources" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		.linux.resources = [] => linux.resources
		.linux.resources.devices = {} => linux.resources.devices
		.linux.resources.devices = [{allow: "no"}] => linux.resources.devices[0].allow
		.linux.resources.devices = [{allow: false}, {allow: true, type: 5}] => linux.resources.devices[1].type
		.linux.resources.devices = [{allow: true, type: "c", major: "*"}] => linux.resources.devices[0].major
		.linux.resources.devices = [{allow: true, access: 5}] => linux.resources.devices[0].access
		.linux.resources.cpu = 5 => linux.resources.cpu
		.linux.resources.cpu = {shares: "1024"} => linux.resources.cpu.shares
		.linux.resources.cpu = {shares: -1} => linux.resources.cpu.shares
		.linux.resources.cpu = {quota: "x"} => linux.resources.cpu.quota
		.linux.resources.cpu = {period: 1.5} => linux.resources.cpu.period
		.linux.resources.cpu = {cpus: 0} => linux.resources.cpu.cpus
		.linux.resources.cpu = {mems: [0]} => linux.resources.cpu.mems
		.linux.resources.memory = [] => linux.resources.memory
		.linux.resources.memory = {limit: "64M"} => linux.resources.memory.limit
		.linux.resources.memory = {limit: 1e30} => linux.resources.memory.limit
		.linux.resources.memory = {swap: {}} => linux.resources.memory.swap
		.linux.resources.memory = {disableOOMKiller: "yes"} => linux.resources.memory.disableOOMKiller
		.linux.resources.pids = 5 => linux.resources.pids
		.linux.resources.pids = {limit: "5"} => linux.resources.pids.limit
		.linux.resources.hugepageLimits = {} => linux.resources.hugepageLimits
		.linux.resources.hugepageLimits = [{pageSize: 2, limit: 1}] => linux.resources.hugepageLimits[0].pageSize
		.linux.resources.blockIO = [] => linux.resources.blockIO
		.linux.resources.blockIO = {weight: "500"} => linux.resources.blockIO.weight
		.linux.resources.blockIO = {throttleReadBpsDevice: [{major: 8, minor: 0, rate: "1"}]} => linux.resources.blockIO.throttleReadBpsDevice[0].rate
		.linux.resources.network = 5 => linux.resources.network
		.linux.resources.unified = [] => linux.resources.unified
		.linux.resources.unified = {"memory.max": 5} => linux.resources.unified.memory.max
	END
}

@test "wrong types: seccomp" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		.linux.seccomp = [] => linux.seccomp
		.linux.seccomp = {defaultAction: 5} => linux.seccomp.defaultAction
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: "x"} => linux.seccomp.architectures
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: [5]} => linux.seccomp.architectures[0]
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: {}} => linux.seccomp.flags
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: {}} => linux.seccomp.syscalls
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: "x", action: "SCMP_ACT_ERRNO"}]} => linux.seccomp.syscalls[0].names
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["x"], action: 5}]} => linux.seccomp.syscalls[0].action
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["x"], action: "SCMP_ACT_ERRNO", errnoRet: "x"}]} => linux.seccomp.syscalls[0].errnoRet
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["x"], action: "SCMP_ACT_ERRNO", args: [{index: "x"}]}]} => linux.seccomp.syscalls[0].args[0].index
	END
}

# ---- what is required ------------------------------------------------------------------------------------------

@test "missing members" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		del(.ociVersion) => ociVersion
		del(.root) => root
		del(.root.path) => root.path
		del(.process) => process
		del(.process.cwd) => process.cwd
		del(.process.args) => process.args
		.process.args = [] => process.args
		del(.mounts[0].destination) => mounts[0].destination
		del(.linux.namespaces[1].type) => linux.namespaces[1].type
		.hooks.prestart = [{}] => hooks.prestart[0].path
		.process.rlimits = [{soft: 1, hard: 1}] => process.rlimits[0].type
		.process.rlimits = [{type: "RLIMIT_CPU", hard: 1}] => process.rlimits[0].soft
		.linux.devices = [{type: "c", major: 1, minor: 1}] => linux.devices[0].path
		.linux.devices = [{path: "/dev/x"}] => linux.devices[0].type
		.linux.seccomp = {} => linux.seccomp.defaultAction
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{action: "SCMP_ACT_ERRNO"}]} => linux.seccomp.syscalls[0].names
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["x"]}]} => linux.seccomp.syscalls[0].action
		.linux.resources.hugepageLimits = [{limit: 5}] => linux.resources.hugepageLimits[0].pageSize
	END
}

# ---- what is allowed ------------------------------------------------------------------------------------------

@test "wrong values" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		.ociVersion = "" => ociVersion
		.ociVersion = "2.0.0" => ociVersion
		.ociVersion = "0.9.0" => ociVersion
		.ociVersion = "one" => ociVersion
		.ociVersion = "1" => ociVersion
		.process.cwd = "tmp" => process.cwd
		.process.cwd = "" => process.cwd
		.process.cwd = "./x" => process.cwd
		.root.path = "" => root.path
		del(.hostname) | .linux.namespaces = [{type: "pid"}, {type: "nosuch"}] => linux.namespaces[1].type
		del(.hostname) | .linux.namespaces = [{type: "pid"}, {type: ""}] => linux.namespaces[1].type
		del(.hostname) | .linux.namespaces = [{type: "pid"}, {type: "PID"}] => linux.namespaces[1].type
		del(.hostname) | .linux.namespaces = [{type: "pid"}, {type: "pid"}] => linux.namespaces[1].type
		del(.hostname) | .linux.namespaces = [{type: "mount"}, {type: "pid"}, {type: "mount", path: "/proc/1/ns/mnt"}] => linux.namespaces[2].type
		.linux.namespaces[0].path = "proc/1/ns/pid" => linux.namespaces[0].path
		.linux.rootfsPropagation = "nosuch" => linux.rootfsPropagation
		.linux.maskedPaths = ["proc/x"] => linux.maskedPaths[0]
		.linux.readonlyPaths = ["/x", ""] => linux.readonlyPaths[1]
		.linux.devices = [{path: "dev/x", type: "c", major: 1, minor: 1}] => linux.devices[0].path
		.linux.devices = [{path: "/dev/x", type: "z", major: 1, minor: 1}] => linux.devices[0].type
		.linux.resources.devices = [{allow: true, access: "rx"}] => linux.resources.devices[0].access
		.linux.resources.devices = [{allow: true, type: "z"}] => linux.resources.devices[0].type
		.hooks.prestart = [{path: "bin/true"}] => hooks.prestart[0].path
		.hooks.poststop = [{path: ""}] => hooks.poststop[0].path
		.process.rlimits = [{type: "RLIMIT_NOSUCH", soft: 1, hard: 1}] => process.rlimits[0].type
		.process.rlimits = [{type: "nofile", soft: 1, hard: 1}] => process.rlimits[0].type
		.mounts[0].destination = "" => mounts[0].destination
		.linux.seccomp = {defaultAction: "ALLOW"} => linux.seccomp.defaultAction
		.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{index: 6, value: 1, op: "SCMP_CMP_EQ"}]}]} => linux.seccomp.syscalls[0].args[0].index
	END
}

@test "NUL in texts that go to the kernel" {
	if $PEER; then skip "hull's messages"; fi
	table <<-'END'
		.process.cwd = "/tmp\u0000/x" => process.cwd
		.process.args = ["sh", "a\u0000b"] => process.args[1]
		.process.env = ["A=b\u0000c"] => process.env[0]
		.root.path = "rootfs\u0000" => root.path
		.hostname = "a\u0000b" => hostname
		.mounts[0].destination = "/proc\u0000/x" => mounts[0].destination
		.mounts[0].source = "pr\u0000oc" => mounts[0].source
		.mounts[1].options[0] = "no\u0000suid" => mounts[1].options[0]
		.linux.maskedPaths = ["/a\u0000b"] => linux.maskedPaths[0]
		.linux.readonlyPaths = ["/a\u0000b"] => linux.readonlyPaths[0]
		.linux.cgroupsPath = "/a\u0000b" => linux.cgroupsPath
		.linux.sysctl = {"net.ipv4.ip_forward": "1\u0000"} => linux.sysctl.net.ipv4.ip_forward
		.hooks.prestart = [{path: "/bin/true\u0000"}] => hooks.prestart[0].path
		.linux.devices = [{path: "/dev/\u0000", type: "c", major: 1, minor: 3}] => linux.devices[0].path
		.linux.namespaces[0].path = "/proc/1/ns/pid\u0000" => linux.namespaces[0].path
	END
}

# ---- what is accepted ------------------------------------------------------------------------------------------

@test "unknown members are ignored, wherever they are" {
	config '.unknown = {a: [1, {b: null}]} | .process.unknown = 5 | .linux.unknown = [] | .mounts[0].unknown = true
		| .root.unknown = "x" | .linux.resources.unknown = {} | .hooks = {unknown: 5}
		| .solaris = {} | .windows = {layerFolders: 5}'
	run_script 'echo ran'
	assert_ok
	assert_output ran
}

@test "null is the same as absent where nothing is required" {
	config '.hooks = null | .annotations = null | .linux.devices = null | .linux.seccomp = null
		| .process.rlimits = null | .process.capabilities.ambient = null | .mounts[0].options = null'
	run_script 'echo ran'
	assert_ok
	assert_output ran
}

@test "ociVersion: 1.0.0 to 1.3.0, with and without suffixes" {
	local version
	for version in 1.0.0 1.0.0-rc5 1.0.2-dev 1.1.0 1.2.1 1.3.0 1.3.0+dev; do
		config --arg v "$version" '.ociVersion = $v'
		run_script 'echo ran'
		assert_ok
		assert_output ran
	done
}

@test "a document of one line, of sorted members, of tabs and carriage returns" {
	payload echo ran
	cp config.json whole.json
	jq -c . whole.json >config.json
	try hull run "$ID"
	assert_output ran
	jq -S . whole.json >config.json
	try hull run "$ID"
	assert_output ran
	jq --tab . whole.json | sed 's/$/\r/; s/: /\t:\r\n /' >config.json
	try hull run "$ID"
	assert_ok
	assert_output ran
}

@test "the same member twice: the last one, or an error" {
	sed 's/^{/{"hostname": "first",/' config.json >config.new
	mv config.new config.json
	try hull run "$ID"
	[[ $status -eq 0 || $status -eq 1 ]]
	assert_nothing_left
}
