#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034 # $names in single quotes are the container's own
# Podman with hull-vm: the same containers in virtual machines, with nothing else configured.

load podman
load terminal

ENGINE_FUNCTIONS=podman_with_descriptors

setup_file() {
	# shellcheck source-path=SCRIPTDIR source=podman.bash
	. "$BATS_TEST_DIRNAME/podman.bash"
	[[ -e /dev/kvm && (-d /sys/module/kvm_amd || -d /sys/module/kvm_intel) ]] ||
		skip "no KVM here that boots a stock kernel"
	compgen -G '/boot/vmlinuz-*' >/dev/null || skip "no kernel in /boot"
	# By this name hull makes microVMs.
	RUNTIME=$BATS_FILE_TMPDIR/hull-vm
	local program
	for program in hull-vmm hull-guest; do ln -s "${HULL%/*}/$program" "$BATS_FILE_TMPDIR"; done
	cp "$HULL" "$BATS_FILE_TMPDIR/hull"
	ln -s hull "$RUNTIME"
	export RUNTIME
	image_need
}

# of_network FIELD: what Podman knows of the container's interface.
of_network() { podman inspect --format "{{range .NetworkSettings.Networks}}{{.$1}}{{end}}" "$C"; }

@test "microVM: Podman's network and volumes, exec, logs, exit code" {
	local ip gateway mac
	mkdir writable readable
	echo given >readable/file
	podman run --detach --name "$C" --network bridge --publish 127.0.0.1:4001:4000 \
		--volume "$PWD/writable:/writable" --volume "$PWD/readable:/readable:ro" debian sh -c '
			grep -o cryptomgr.notests /proc/cmdline; head -n 1 /etc/os-release
			cat /readable/file; echo written >/writable/file; touch /readable/other || echo read-only
			busybox ip -o link show eth0; busybox ip -4 -o address show eth0
			busybox nc -ll -p 4000 -e echo answer &
			trap "echo asked to end; exit 7" TERM; echo ready; while :; do wait; done' >/dev/null
	wait_until in_logs ready
	ip=$(of_network IPAddress) mac=$(of_network MacAddress) gateway=$(of_network Gateway)
	output=$(podman logs "$C" 2>&1)
	assert_has cryptomgr.notests Debian given read-only "link/ether $mac" "inet $ip/"
	assert_eq "$(<writable/file)" written
	[[ ! -e readable/other ]]

	socat TCP-LISTEN:4002,fork,reuseaddr 'SYSTEM:echo from outside' 3>&- 4>&- &
	cleanup_later "kill $!"
	try podman exec "$C" busybox nc "$gateway" 4002
	assert_output "from outside"
	# After the end of its input it waits for an answer, up to so many seconds.
	assert_eq "$(socat -t 60 - "TCP:$ip:4000" </dev/null)" answer
	assert_eq "$(socat -t 60 - TCP:127.0.0.1:4001 </dev/null)" answer
	try podman exec --env WORD=word --workdir /tmp "$C" sh -c 'echo $WORD in $PWD; exit 3'
	assert_status 3
	assert_output 'word in /tmp'

	podman stop --time 60 "$C" >/dev/null
	assert_exited 7
	in_logs "asked to end"
}

@test "microVM: podman run -it has a terminal of the user's size" {
	on_terminal podman 'start run --rm -it debian sh -c {read -r line; tty; stty size; exit 7}
		send "\r"
		finish'
	assert_status 7
	assert_line '33 77'
	assert_has /dev/pts/
}
