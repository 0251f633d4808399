#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Slurm starts the tasks of a job in containers of hull's, by the oci.conf of docs/engines.md.

ENGINES=$BATS_TEST_DIRNAME
# shellcheck source-path=SCRIPTDIR source=../bats/setup.bash
. "$ENGINES/../bats/setup.bash"
# shellcheck source-path=SCRIPTDIR source=documented.bash
. "$ENGINES/documented.bash"

SLURM=$STORE/slurm
ADDRESS=172.31.252.1
NODE=$(uname -n)
export SLURM_CONF=$SLURM/etc/slurm.conf

slurm_configure() {
	mkdir -p "$SLURM"/{etc,spool,state,munge}
	chmod 755 "$SLURM"
	cat >"$SLURM_CONF" <<-EOT
		ClusterName=hull
		SlurmctldHost=$NODE($ADDRESS)
		SlurmUser=root
		SlurmctldPidFile=$SLURM/slurmctld.pid
		SlurmdPidFile=$SLURM/slurmd.pid
		SlurmctldLogFile=$SLURM/slurmctld.log
		SlurmdLogFile=$SLURM/slurmd.log
		SlurmdSpoolDir=$SLURM/spool
		StateSaveLocation=$SLURM/state
		AuthInfo=socket=$SLURM/munge/socket
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		MailProg=/bin/true
		KillWait=2
		Epilog=$SLURM/etc/epilog
		NodeName=$NODE NodeAddr=$ADDRESS CPUs=2
		PartitionName=all Nodes=ALL Default=YES
	EOT
	echo 'CgroupPlugin=disabled' >"$SLURM/etc/cgroup.conf"
}

# The states are kept below ours.
oci_configure() {
	local name
	for name in oci.conf epilog; do
		documented $name | sed "s|/run/hull-slurm-[^ ]*|$SLURM/hull|" >"$SLURM/etc/$name"
	done
	chmod +x "$SLURM/etc/epilog"
}

setup_file() {
	[[ -e /lab ]] || skip "this would change /etc/hosts"
	ip address add $ADDRESS/32 dev lo 2>/dev/null || true
	echo "$ADDRESS $NODE" >>/etc/hosts
	slurm_configure
	oci_configure
	head -c 1024 /dev/urandom >"$SLURM/munge/key"
	chmod 400 "$SLURM/munge/key"
	chown -R munge "$SLURM/munge"
	setpriv --reuid munge --regid munge --clear-groups munged --key-file "$SLURM/munge/key" \
		--socket "$SLURM/munge/socket" --pid-file "$SLURM/munge/pid" --log-file "$SLURM/munge/log" \
		--seed-file "$SLURM/munge/seed" 3>&- 4>&-
	slurmctld -D >"$SLURM/slurmctld.out" 2>&1 </dev/null 3>&- 4>&- &
	disown
	slurmd_start
	bundle_make
}

slurmd_start() {
	slurmd -D -N "$NODE" >"$SLURM/slurmd.out" 2>&1 </dev/null 3>&- 4>&- &
	disown
	idle() { [[ $(sinfo --noheader --format %T 2>/dev/null) == idle ]]; }
	wait_until idle || tail -n 20 "$SLURM"/*.out >&2
}

bundle_make() {
	mkdir -p "$SLURM/bundle/rootfs"
	tar -C "$SLURM/bundle/rootfs" -xf "$("$ENGINES/../lab/image")"
	cd "$SLURM/bundle" || return
	"$HULL" spec
	jq '.process.terminal = false | .root.readonly = false' config.json >config.new
	mv config.new config.json
}

teardown_file() {
	local name pid
	for name in slurmd slurmctld munge/pid; do
		pid=$SLURM/$name
		[[ -e $pid ]] || pid+=.pid
		[[ ! -e $pid ]] || {
			pid=$(<"$pid")
			kill "$pid"
			wait_until is_gone "$pid"
		}
	done
	ip address del $ADDRESS/32 dev lo 2>/dev/null || true
	rm -rf "$SLURM"
}

setup() { cd "$BATS_TEST_TMPDIR" || return; }

slurm_leaks() {
	[[ ! -d $SLURM/hull ]] || find "$SLURM/hull" -mindepth 1 -maxdepth 1 ! -name '@*' -printf 'state: %p\n'
	find /sys/fs/cgroup -type d -name "$NODE.root.*" -printf 'cgroup: %p\n'
}

teardown() {
	local n found
	scancel --user root 2>/dev/null || true
	for ((n = 0; n < 200; n++)); do
		found=$(slurm_leaks)
		[[ -n $found ]] || return 0
		nap 0.05
	done
	fail "left behind:" "$found" "$(tail -n 20 "$SLURM/slurmd.log")"
}

srun() { timeout --foreground -s KILL "${ENGINE_TIMEOUT:-60}" srun --container "$SLURM/bundle" "$@" 3>&- 4>&-; }

# bats test_tags=smoke
@test "slurm: srun --container prints, and its exit code is the task's" {
	try srun sh -c '. /etc/os-release; echo "$ID $VERSION_ID $SLURM_JOB_ID" | cut -d" " -f 1,2; echo err >&2; exit 7'
	assert_status 7
	assert_output "debian 13"
	[[ $stderr == *err* ]] || report "standard error"
	try srun true
	assert_ok
}

@test "slurm: two tasks of a job, each in a container" {
	try srun --ntasks 2 sh -c 'readlink /proc/self/ns/pid; echo $SLURM_PROCID'
	assert_ok
	assert_line 0 1
	assert_eq "$(grep -c '^pid:' <<<"$output") $(grep '^pid:' <<<"$output" | sort -u | wc -l)" '2 2'
}

@test "slurm: standard input, and a command that is not there" {
	seq 1 1000 >input
	INPUT=input try srun cat
	assert_eq "$(cksum <<<"$output")" "$(cksum <input)"
	try srun nonexistent
	[[ $status -ne 0 && $stderr$output == *nonexistent* ]] || report "message"
}

@test "slurm: scancel ends the container, and nothing is left" {
	timeout 60 srun --container "$SLURM/bundle" sh -c 'trap "exit 3" TERM; echo ready; while :; do sleep 4250 & wait $!; done' \
		>out 2>&1 </dev/null 3>&- 4>&- &
	local client=$! code=0 pid
	wait_until has_text ready out
	pid=$(pgrep -f '^sleep 4250$')
	scancel --user root
	wait_until is_gone "$pid"
	wait "$client" || code=$?
	[[ $code -ne 0 ]]
}

@test "slurm: sbatch --container; the epilog takes what does not end by itself" {
	printf '#!/bin/sh\ncat /etc/debian_version\n' >job
	sbatch --wait --output "$PWD/out" --container "$SLURM/bundle" job >/dev/null
	[[ $(<out) == 13* ]] || fail "$(<out)"
	# The first process of a PID namespace does not get a signal that it has no handler for.
	printf '#!/bin/sh\nexec sleep 4251\n' >job
	sbatch --output "$PWD/out" --container "$SLURM/bundle" job >/dev/null
	found() { pid=$(pgrep -f '^sleep 4251$'); }
	local pid
	wait_until found
	scancel --user root
	wait_until is_gone "$pid"
}
