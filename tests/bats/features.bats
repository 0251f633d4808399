#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are jq's or the container's; try sets $stderr
# hull features: whatever the document lists is taken and does something, and nothing is taken that
# it does not list.

load setup

setup_file() { if $PEER; then skip "a promise of hull's"; fi; }

# listed FILTER: words of the document, one a line.
listed() { hull features | jq -r "$1"; }

# takes [JQ OPTION...] EXPRESSION: does a container run with this change to the configuration?
takes() {
	[[ -e plain.json ]] || cp config.json plain.json
	jq "$@" plain.json >config.json
	try hull run "$ID"
	((status == 0))
}

# refuses WORD [JQ OPTION...] EXPRESSION: no, and the message names the word.
refuses() {
	local word=$1
	shift
	! takes "$@" || report "$word is not listed, and taken"
	assert_error "$word"
}

@test "features: namespaces" {
	local name link
	local -A links=([network]=net [mount]=mnt)
	for name in $(listed '.linux.namespaces[]'); do
		link=${links[$name]-$name}
		cp "$BATS_RUN_TMPDIR/base/config.json" .
		rm -f plain.json
		payload readlink "/proc/self/ns/$link"
		takes --arg n "$name" '.linux.namespaces = [{type: "mount"}]
			+ (if $n == "mount" then [] else [{type: $n}] end)
			| if $n == "user" then .linux.uidMappings = [{containerID: 0, hostID: 0, size: 65536}]
				| .linux.gidMappings = .linux.uidMappings else . end
			| if $n == "network" or $n == "user" then .mounts |= map(select(.type != "sysfs")) else . end
			| if $n == "ipc" then . else .mounts |= map(select(.type != "mqueue")) end
			# A new /proc is for a pid namespace that the user namespace owns.
			| if $n == "user" then .linux.namespaces += [{type: "pid"}] else . end
			| if $n == "uts" then . else del(.hostname) end' || report "$name"
		[[ $output != "$(readlink "/proc/self/ns/$link")" ]] || report "$name is not new"
	done
	# The kernel's kinds are these, and the kernel's names for them are not the specification's.
	assert_eq "$(listed '.linux.namespaces | sort | join(" ")')" \
		"cgroup ipc mount network pid time user uts"
	for name in net mnt pid_for_children syslog ''; do
		refuses "linux.namespaces" --arg n "$name" '.linux.namespaces += [{type: $n}]'
	done
}

@test "features: capabilities" {
	local name number=0 held
	assert_eq "$(listed '.linux.capabilities | length')" $(($(cat /proc/sys/kernel/cap_last_cap) + 1))
	payload grep CapBnd /proc/self/status
	held=$((16#$(sed -n 's/^CapBnd:\t//p' /proc/self/status)))
	for name in $(listed '.linux.capabilities[]'); do
		takes --arg n "$name" '.process.capabilities = {bounding: [$n], effective: [], permitted: [], inheritable: [], ambient: []}' ||
			report "$name"
		# In the order of the kernel's numbers; what hull has not itself it cannot give.
		assert_eq "$((16#${output##*$'\t'}))" $((held & 1 << number))
		((number += 1))
	done
	for name in CAP_NONSENSE CAP_41 cap_chown CHOWN; do
		takes --arg n "$name" '.process.capabilities = {bounding: [$n]}' || report "$name is a warning"
		[[ $output == *0000000000000000 ]] || report "$name does something"
		[[ $stderr == *"$name is unknown"* ]] || report "$name is no warning"
	done
}

@test "features: mount options, each by itself" {
	local option map='[{containerID: 0, hostID: 100000, size: 10}]'
	mkdir "$BATS_TEST_TMPDIR/data"
	payload grep -c ' /mnt ' /proc/self/mountinfo
	for option in $(listed '.mountOptions[]'); do
		takes --arg s "$BATS_TEST_TMPDIR/data" --arg o "$option" '.mounts += [{destination: "/mnt", source: $s, type: "none",
			options: (["bind", $o] | unique)} + (if $o == "idmap" or $o == "ridmap"
			then {uidMappings: '"$map"', gidMappings: '"$map"'} else {} end)]' || report "$option is listed and refused"
		assert_output 1
	done
}

# Each word of the list with and without the beginnings of the others, what mount(8) has beside, and
# nonsense; without the list itself.
unlisted_options() {
	local known
	known=$(listed '.mountOptions[]')
	{
		sed -E 'p; s/^r//; p; s/^no//; p; s/.*/r&\nno&\nrno&/' <<<"$known"
		printf '%s\n' user nouser users owner group _netdev nofail auto noauto acl noacl posixacl \
			nodevs Ro RO x-mount.mkdir idmapped copyup tmpcopydown
	} | grep . | sort -u | grep -vxF "$known"
}

@test "features: mount options that are not listed do nothing to a bind mount" {
	local options plain
	payload grep ' /mnt ' /proc/self/mountinfo
	mkdir "$BATS_TEST_TMPDIR/data"
	options=$(unlisted_options | jq -R . | jq -sc .)
	[[ $(jq length <<<"$options") -gt 60 ]]
	# They are the file system's, which a bind mount does not make, and the kernel passes them over.
	for plain in '[]' "$options"; do
		takes --arg s "$BATS_TEST_TMPDIR/data" --argjson o "$plain" '.mounts += [$o[:60], $o[60:]
			| {destination: "/mnt", source: $s, type: "none", options: (["bind"] + .)}]' || report "$plain"
		cut -d ' ' -f 6- <<<"$output" >>seen
	done
	assert_eq "$(sort -u seen | wc -l)" 1
}

@test "features: mount options that are not listed are the file system's, and refused by it" {
	local option
	payload true
	for option in $(unlisted_options); do
		# The kernel's own words for what the list has too.
		[[ $option != rdonly && $option != user ]] || continue
		refuses "$option" --arg o "$option" \
			'.mounts += [{destination: "/mnt", source: "t", type: "tmpfs", options: [$o]}]'
	done
}

@test "features: id-mapped mounts" {
	mkdir "$BATS_TEST_TMPDIR/data"
	touch "$BATS_TEST_TMPDIR/data/file"
	chown 3:4 "$BATS_TEST_TMPDIR/data/file"
	payload stat -c %u:%g /mnt/file
	local mounts='.mounts += [{destination: "/mnt", source: $s, type: "none", options: ["bind", "idmap"],
		uidMappings: [{containerID: 3, hostID: 1003, size: 1}], gidMappings: [{containerID: 4, hostID: 1004, size: 1}]}]'
	case $(listed .linux.mountExtensions.idmap.enabled) in
	true)
		takes --arg s "$BATS_TEST_TMPDIR/data" "$mounts" || {
			[[ $stderr == *"id-mapped"* || $stderr == *idmap* ]] && skip "this file system has no id-mapped mounts: $stderr"
			report "enabled, and refused"
		}
		assert_output 1003:1004
		;;
	*) refuses idmap --arg s "$BATS_TEST_TMPDIR/data" "$mounts" ;;
	esac
}

# Words of runtime-spec 1.3's config-linux.md that a runtime may know.
SPEC_ACTIONS="SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP SCMP_ACT_ERRNO
	SCMP_ACT_TRACE SCMP_ACT_ALLOW SCMP_ACT_LOG SCMP_ACT_NOTIFY"
SPEC_OPERATORS="SCMP_CMP_NE SCMP_CMP_LT SCMP_CMP_LE SCMP_CMP_EQ SCMP_CMP_GE SCMP_CMP_GT SCMP_CMP_MASKED_EQ"
SPEC_ARCHITECTURES="X86 X86_64 X32 ARM AARCH64 MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PPC PPC64
	PPC64LE S390 S390X PARISC PARISC64 RISCV64 LOONGARCH64 M68K SH SHEB NONSENSE"
SPEC_FLAGS="SECCOMP_FILTER_FLAG_TSYNC SECCOMP_FILTER_FLAG_LOG SECCOMP_FILTER_FLAG_SPEC_ALLOW
	SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV SECCOMP_FILTER_FLAG_NEW_LISTENER SECCOMP_FILTER_FLAG_TSYNC_ESRCH"

# just_these LIST WORD...: each WORD is taken by "filter WORD" when it is in LIST, else refused by name.
just_these() {
	local list=$1 word
	shift
	for word; do
		if grep -qxF "$word" <<<"$list"; then
			takes "${FILTER[@]}" --arg w "$word" "$EXPRESSION" || report "$word is listed and refused"
		else
			refuses "$word" --arg w "$word" "$EXPRESSION"
		fi
	done
	# And there are no others.
	assert_eq "$(sort -u <<<"$list" | grep -vxF "$(printf '%s\n' "$@")" || true)" ""
}

@test "features: seccomp's actions, operators, architectures, flags" {
	payload true
	FILTER=()
	# A listener needs somebody who listens: tests/bats/seccomp.bats.
	EXPRESSION='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: $w}]}'
	# shellcheck disable=SC2086 # words
	just_these "$(listed '.linux.seccomp.actions[]' | grep -v NOTIFY)" ${SPEC_ACTIONS/SCMP_ACT_NOTIFY/} SCMP_ACT_DENY
	EXPRESSION='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["mkdir"], action: "SCMP_ACT_ERRNO",
		args: [{index: 0, value: 1, valueTwo: 1, op: $w}]}]}'
	# shellcheck disable=SC2086 # words
	just_these "$(listed '.linux.seccomp.operators[]')" $SPEC_OPERATORS SCMP_CMP_LIKE
	EXPRESSION='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", architectures: [$w]}'
	# shellcheck disable=SC2046,SC2086 # words
	just_these "$(listed '.linux.seccomp.archs[]')" $(printf 'SCMP_ARCH_%s ' $SPEC_ARCHITECTURES)
	EXPRESSION='.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", flags: [$w]}'
	# WAIT_KILLABLE_RECV is for listeners.
	# shellcheck disable=SC2086 # words
	just_these "$(listed '.linux.seccomp.supportedFlags[]' | grep -v WAIT_KILLABLE)" \
		${SPEC_FLAGS/SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV/}
	assert_eq "$(listed '.linux.seccomp.supportedFlags - .linux.seccomp.knownFlags | length')" 0
}

@test "features: NUMA policies" {
	payload true
	FILTER=()
	EXPRESSION='.linux.memoryPolicy = {mode: $w} + (if ($w | test("DEFAULT|LOCAL")) then {} else {nodes: "0"} end)'
	just_these "$(listed '.linux.memoryPolicy.modes[]')" MPOL_DEFAULT MPOL_PREFERRED MPOL_BIND MPOL_INTERLEAVE \
		MPOL_LOCAL MPOL_PREFERRED_MANY MPOL_WEIGHTED_INTERLEAVE MPOL_NONSENSE
	EXPRESSION='.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "0", flags: [$w]}'
	just_these "$(listed '.linux.memoryPolicy.flags[]')" MPOL_F_NUMA_BALANCING MPOL_F_RELATIVE_NODES \
		MPOL_F_STATIC_NODES MPOL_F_NONSENSE
}

@test "features: hooks" {
	local kind
	payload true
	for kind in $(listed '.hooks[]'); do
		rm -f "$BATS_TEST_TMPDIR/ran"
		# Those of the container's side find a shell in it.
		takes --arg k "$kind" --arg f "$BATS_TEST_TMPDIR/ran" '.hooks = {($k): [{path: "/bin/sh",
			args: ["sh", "-c", (if $k == "startContainer" then "touch /ran" else "touch \($f)" end)]}]}' || report "$kind"
		[[ -e $BATS_TEST_TMPDIR/ran || -e $ROOTFS/ran ]] || fail "$kind did not run"
	done
	rm -f "$ROOTFS/ran" "$BATS_TEST_TMPDIR/ran"
	takes --arg f "$BATS_TEST_TMPDIR/ran" '.hooks = {preStop: [{path: "/bin/sh", args: ["sh", "-c", "touch \($f)"]}]}' ||
		report "unknown properties are passed over"
	[[ ! -e $BATS_TEST_TMPDIR/ran ]]
}

@test "features: versions of the specification" {
	local version
	payload true
	for version in $(listed '.ociVersionMin, .ociVersionMax'); do
		takes --arg v "$version" '.ociVersion = $v' || report "$version"
	done
	for version in 0.9.0 2.0.0 1 one; do
		refuses ociVersion --arg v "$version" '.ociVersion = $v'
	done
}

# switch FILTER WORDS EXPRESSION: what the document says is enabled is never refused as what this
# build cannot do, and the other way round.
switch() {
	local enabled
	enabled=$(listed "$1")
	takes "$3" || true
	case $enabled in
	true) [[ $status -eq 0 || $stderr != *"this build"* ]] || report "$1 is enabled" ;;
	*) [[ $status -ne 0 && $stderr == *"$2"* ]] || report "$1 is not enabled" ;;
	esac
}

@test "features: what is on, and what is off" {
	payload true
	switch .linux.seccomp.enabled seccomp '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"}'
	switch .linux.apparmor.enabled apparmorProfile '.process.apparmorProfile = "unconfined"'
	switch .linux.selinux.enabled selinuxLabel '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
	switch .linux.netDevices.enabled netDevices '.linux.netDevices = {"hull-none0": {}}'
	switch .linux.intelRdt.enabled intelRdt '.linux.intelRdt = {closID: "hull"}'
	switch .linux.intelRdt.schemata schemata '.linux.intelRdt = {closID: "hull", schemata: ["MB:0=100"]}'
	switch .linux.intelRdt.monitoring enableMonitoring '.linux.intelRdt = {closID: "hull", enableMonitoring: true}'
	cp plain.json config.json
	try hull --systemd-cgroup list
	case $(listed .linux.cgroup.systemd) in
	true) [[ $status -eq 0 || $stderr != *"this build"* ]] || report "systemd is on" ;;
	*) assert_error systemd ;;
	esac
	case $CGROUP_MODE in
	v2) listed .linux.cgroup.v2 | grep -x true ;;
	*) listed .linux.cgroup.v1 | grep -x true ;;
	esac
}

@test "features: annotations and their words, and which are a danger" {
	local name word
	payload true
	assert_eq "$(listed '.annotations["io.hull.version"]')" "$(hull --version | sed -n '1s/^hull version //p')"
	assert_eq "$(listed '.annotations["io.hull.commit"]')" "$(hull --version | sed -n '2s/^commit: //p')"
	for name in $(listed '.annotations | keys[] | select(startswith("io.hull.") or endswith(".checkpoint.enabled") | not)'); do
		for word in $(hull features | jq -r --arg n "$name" '.annotations[$n]' | tr '|' ' '); do
			# In capitals is what a word stands for: those have tests of their own.
			[[ $word != [A-Z]* ]] || continue
			# A virtual machine takes more than most machines have: microvm.bats.
			[[ $word != microvm ]] || continue
			# Takes an emulator, which this machine may not have: emulation.bats.
			[[ $word != auto ]] || continue
			takes --arg n "$name" --arg w "$word" '.annotations[$n] = $w' || report "$name: $word"
		done
		refuses "$name" --arg n "$name" '.annotations[$n] = "nonsense"'
	done
	hull features | jq -e '.potentiallyUnsafeConfigAnnotations - (.annotations | keys)
		| map(select(endswith(".") | not)) == []'
}
