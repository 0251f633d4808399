#!/usr/bin/env bats
# shellcheck disable=SC2154 # try sets $output and $stderr
# README.md's table of features says of hull what is so: each row stands on tests of this suite, on a
# fact of `hull features`, or on what a command answers; and a "no" is one.

load setup

README=$BATS_TEST_DIRNAME/../../README.md

setup_file() { if $PEER; then skip "of hull"; fi; }

# ROW = KIND ARGUMENT, any number of lines a row.
#   test FILE: NAME   a test, in this folder or below ../, whose name begins with NAME
#   unit NAME         there is such a unit test
#   features FILTER   jq says true of `hull features`
#   works COMMAND     exit code 0
#   refuses COMMAND   exit code 1 and a message
#   bench ROW         the table of measurements has this number for hull
claims() {
	cat <<-'END'
		OCI bundles, life cycle, hooks = test lifecycle.bats: create: the container waits; start: it executes
		OCI bundles, life cycle, hooks = test hooks.bats: hooks: run calls all six
		OCI bundles, life cycle, hooks = features .ociVersionMin == "1.0.0" and .ociVersionMax == "1.3.0"
		cgroup v1 and v2 = test cgroups.bats: group: one in every hierarchy
		cgroup v1 and v2 = features .linux.cgroup.v1 and .linux.cgroup.v2
		hybrid cgroups (controllers on v1, v2 beside) = test cgroups.bats: group: all processes are in it from their first
		all eight kinds of namespaces = test namespaces.bats: each namespace listed is new
		all eight kinds of namespaces = test namespaces.bats: time namespace: the offsets are seen inside
		all eight kinds of namespaces = test namespaces.bats: user namespace: ids inside and outside
		all eight kinds of namespaces = features .linux.namespaces | length == 8
		seccomp, AppArmor and SELinux labels¹ = test labels.bats: apparmorProfile: of the container's process
		seccomp, AppArmor and SELinux labels¹ = test seccomp.bats: seccomp: ERRNO is EPERM
		seccomp, AppArmor and SELinux labels¹ = features .linux | .seccomp.enabled and .apparmor.enabled and .selinux.enabled
		seccomp agents (`listenerPath`) = test seccomp.bats: notify: the agent answers mkdir and getcwd
		seccomp agents (`listenerPath`) = features .linux.seccomp.actions | index("SCMP_ACT_NOTIFY") != null
		compiled seccomp filters are cached = test seccomp.bats: seccomp: the same filter twice (a cached one)
		id-mapped mounts = test features.bats: features: mount options, each by itself
		id-mapped mounts = test features.bats: features: id-mapped mounts
		id-mapped mounts = features .linux.mountExtensions.idmap.enabled
		mounts by one code path, the new mount API = test readme.bats: mounts are made by the new mount API alone
		network devices moved in (`netDevices`) = test network.bats: netDevices: an interface moves
		network devices moved in (`netDevices`) = features .linux.netDevices.enabled
		`update` of limits = test update.bats: update: memory, with the sizes that people write
		`events`: statistics, memory that ran out = test events.bats: events --stats: once
		`events`: statistics, memory that ran out = test events.bats: events: memory that runs out is told, the container
		ordinary users, with `newuidmap` by itself = test rootless.bats: user: run, as root inside and as the user
		ordinary users, with `newuidmap` by itself = test rootless.bats: user namespace: ranges by newuidmap
		tells what a machine lacks = test doctor.bats: doctor: no cgroups
		tells what a machine lacks = works doctor containers
		memory of the runtime for a start² = bench run: peak memory
		systemd cgroup driver = features .linux.cgroup | .systemd and .systemdUser
		systemd cgroup driver = unit cgroup_systemd
		systemd cgroup driver = test ../systemd/containers.bats: unit: a scope in system.slice, delegated, with the container's processes in it
		checkpoint and restore (CRIU) = test ../engines/checkpoint.bats: checkpoint: the container is saved, and goes on after restore
		checkpoint and restore (CRIU) = works restore --help
		a checkpoint as one file, restored under several names = test ../engines/checkpoint_archive.bats: checkpoint --export, restore --import: twice from one archive
		a running container moves to another machine by one command = test ../engines/migrate.bats: migrate: it goes on where it was, with its files
		a running container moves to another machine by one command = test ../engines/migrate.bats: migrate: either side is killed at every step, one has it
		a virtual machine around the container = features .annotations["hull.isolation"] | contains("microvm")
		tenants: CPU by weights of those who pay, not of containers = test tenants.bats: two tenants with equal weights get equal time
		stolen time: measured against what a container is entitled to = test stats.bats: stats: the wait is what a program inside has lost
		stolen time: told to the program, a page in its memory = test whisper.bats: what a competitor on the same processor takes is stolen
		images: pulled, checked by digest, run = test image-run.bats: image run: the image's entrypoint
		images: only those that a key of the policy has signed = test image-registry.bats: signatures: what the policy asks for must be there
		other architectures, without a registration on the machine³ = test emulation.bats: emulator: five architectures
		other architectures, without a registration on the machine³ = test emulation.bats: emulator: the machine's own registrations stay as they are
		lock files of a run = test image-run.bats: image lock: the same text each time
	END
}

# rows: the features of the table and what is said of hull, with a tab between.
rows() {
	sed -n '/^## What it can do/,/^## /s/^| *\([^|]*[^| ]\) *| *\([^|]*[^| ]\) *|.*/\1\t\2/p' "$README" |
		grep -vE '^(hull|---)	'
}

@test "README: every row of the table stands on something, and all that is claimed has a row" {
	diff <(rows | cut -f 1 | sort) <(claims | sed 's/ = .*//' | sort -u)
	[[ $(rows | wc -l) -ge 15 ]]
	# What is planned is no feature.
	! rows | grep -iE 'yet|plan|soon|partly' || fail "say yes or no"
}

holds() {
	local kind=${1%% *} argument=${1#* } file
	case $kind in
	test)
		file=$BATS_TEST_DIRNAME/${argument%%: *}
		grep -qF "@test \"${argument#*: }" "$file"
		;;
	unit) [[ -e $BATS_TEST_DIRNAME/../unit/$argument.c ]] ;;
	features) hull features | jq -e "$argument" >/dev/null ;;
	works)
		# shellcheck disable=SC2086 # words
		try hull $argument
		[[ $status -eq 0 ]]
		;;
	refuses)
		# shellcheck disable=SC2086 # words
		try hull $argument
		[[ $status -eq 1 && $stderr == "hull: "* ]]
		;;
	bench)
		# The number that was measured, rounded up.
		awk -F ' *[|] *' -v row="$argument" -v said="$2" '
			$2 == row { measured = $3 + 0; found = 1 }
			END { exit !(found && said + 0 >= measured && said + 0 <= measured * 1.1) }' "$README"
		;;
	*) false ;;
	esac
}

@test "README: what the rows stand on is so" {
	local row claim said
	while IFS='=' read -r row claim; do
		row=${row% } claim=${claim# }
		said=$(rows | sed -n "s/^$(sed 's/[][\.*^$/]/\\&/g' <<<"$row")	//p")
		holds "$claim" "$said" || fail "$row: $said" "is not so: $claim"
	done < <(claims)
}

@test "README: its yes and no are those of the document and of the command line" {
	local row said
	while IFS=$'\t' read -r row said; do
		case $row in
		"systemd cgroup driver") said+=$(hull features | jq .linux.cgroup.systemd) ;;
		"checkpoint and restore (CRIU)") said+=$(hull checkpoint --help >/dev/null 2>&1 && echo true || echo false) ;;
		"a virtual machine around the container")
			said+=$(hull features | jq '.annotations["hull.isolation"] | contains("microvm")')
			;;
		*) said+=true ;;
		esac
		case $said in
		nofalse | yestrue) ;;
		no*) fail "$row: the README says no, hull can" ;;
		yesfalse) fail "$row: the README says yes, hull cannot" ;;
		esac
	done < <(rows)
}

@test "mounts are made by the new mount API alone" {
	config '.mounts += [{destination: "/scratch", type: "tmpfs", source: "t", options: ["size=64k"]},
		{destination: "/etc/mine", type: "bind", source: "/etc", options: ["rbind", "ro"]}]'
	# shellcheck disable=SC2016 # the container's shell's
	payload sh -c 'grep -c . /proc/self/mountinfo'
	try strace -f -qq -o "$BATS_TEST_TMPDIR/trace" -e trace=mount,move_mount,fsmount,open_tree \
		env "$MARK" ASAN_OPTIONS=detect_leaks=0 "$HULL" --root "$STATE" run "$ID"
	assert_ok
	[[ $output -gt 7 ]]
	grep -q 'fsmount(' "$BATS_TEST_TMPDIR/trace"
	grep -q 'move_mount(' "$BATS_TEST_TMPDIR/trace"
	# Propagation of the root alone: mount(2) with neither source nor type.
	! grep -E ' mount\(' "$BATS_TEST_TMPDIR/trace" | grep -vE 'mount\((NULL|""), "[^"]*", NULL' ||
		fail "these are not"
}

@test "docs/conformance.md: every test that it names exists" {
	local place file name count=0
	# shellcheck disable=SC2016 # backquotes of Markdown
	while IFS= read -r place; do
		file=${place%%: *} name=${place#*: }
		grep -qF "@test \"$name\" {" "$BATS_TEST_DIRNAME/$file.bats" || report "$place"
		((count += 1))
	done < <(grep -oE '`[a-z]+: [^`]+`' "$BATS_TEST_DIRNAME/../../docs/conformance.md" | tr -d '`')
	[[ $count -gt 50 ]]
}
