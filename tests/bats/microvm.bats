#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # try sets $stderr; setup.bash reads HULL_TIMEOUT
# The container in a virtual machine of its own.
load setup
load terminal

# A guest's kernel needs half a minute where the processor of the lab is emulated.
HULL_TIMEOUT=240

# A KVM that is the kernel's emulation of a processor runs no stock kernel.
need_microvm() {
	[[ -e /dev/kvm && (-d /sys/module/kvm_amd || -d /sys/module/kvm_intel) ]] ||
		skip "no KVM here that boots a stock kernel"
	compgen -G '/boot/vmlinuz-*' >/dev/null || skip "no kernel in /boot"
}

vm() { hull --isolation microvm "$@"; }

@test "microVM: stdin, stdout, stderr, exit code, the kernel's own version, the host's files" {
	need_microvm
	script 'cat; id -u; cat /proc/sys/kernel/hostname; echo words >/written; echo error >&2; exit 7'
	echo input >input
	INPUT=input try vm run "$ID"
	assert_status 7
	assert_output $'input\n0\nhull'
	[[ $stderr == error ]] || report "stderr"
	assert_eq "$(cat "$ROOTFS/written")" words
	assert_nothing_left
}

@test "microVM: create, start, exec in the guest, pause, kill, delete" {
	need_microvm
	script 'trap "exit 9" TERM; echo ready; while :; do sleep 0.2; done'
	detached --isolation microvm create "$ID"
	assert_eq "$(status_of)" created
	hull start "$ID"
	wait_until has_text ready "$OUT"
	assert_eq "$(status_of)" running
	try hull exec "$ID" sh -c 'echo inside; cat /proc/1/comm; exit 4'
	assert_status 4
	assert_output $'inside\nsh'
	try hull exec "$ID" nosuch
	assert_error --code 255 "executable file not found"
	hull pause "$ID"
	assert_eq "$(status_of)" paused
	hull resume "$ID"
	hull kill "$ID" TERM
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
}

@test "microVM: in a tenant, beside containers, with a weight of its own" {
	need_microvm
	need_controller cpu
	local group parent tenant=t-${ID//[!0-9]/} native=cpu.weight factor=1
	export HULL_TENANTS=$BATS_TEST_TMPDIR/tenants.json
	[[ $(controller_version cpu) != 1 ]] || native=cpu.shares factor=10
	hull tenant set "$tenant" --weight 300
	payload sleep 1000
	detached --isolation microvm create --tenant "$tenant" --cpu-weight 50 "$ID"
	detached run --detach --tenant "$tenant" "$ID-b"
	group=$(cgroup_dir "$(pid_of)" cpu)
	parent=${group%/*}
	assert_eq "${parent##*/}" "hull-tenant-$tenant"
	assert_eq "$(cgroup_dir "$(pid_of "$ID-b")" cpu)" "$parent/$ID-b"
	assert_eq "$(cat "$group/$native" "$parent/$native")" "$((50 * factor))"$'\n'"$((300 * factor))"
	try hull tenant show "$tenant"
	assert_eq "$(jq -c '.containers | sort' <<<"$output")" "[\"$ID\",\"$ID-b\"]"
	hull delete --force "$ID-b"
	hull delete --force "$ID"
	[[ ! -e $parent ]]
	hull tenant delete "$tenant"
}

# waited PID: nanoseconds for which the vCPUs of the monitor PID waited for a processor.
waited() {
	local task name sum=0 delay
	for task in /proc/"$1"/task/*; do
		read -r name _ <"$task/comm"
		[[ $name != vcpu ]] || {
			read -r _ delay _ <"$task/schedstat"
			((sum += delay))
		}
	done
	echo "$sum"
}
# stolen PID: $BEFORE and $AFTER, what had been waited for before and after the guest has told $STOLEN.
stolen() {
	BEFORE=$(waited "$1")
	rm -f "$ROOTFS/answer"
	touch "$ROOTFS/ask"
	wait_until test -e "$ROOTFS/answer"
	# In hundredths of a second.
	STOLEN=$(($(<"$ROOTFS/answer") * 10000000))
	AFTER=$(waited "$1")
}

@test "microVM: the guest's kernel is offered what it needs, and knows what others took from it" {
	need_microvm
	local pid cpu competitor first first_before first_after
	cpu=$(awk '/^Cpus_allowed_list/ { n = split($2, p, /[-,]/); print p[n] }' /proc/self/status)
	taskset -c "$cpu" sh -c 'while :; do :; done' 3>&- 4>&- &
	competitor=$!
	cleanup_later "kill $competitor"
	taskset -cp "$cpu" "$BASHPID" >/dev/null
	cp "$(tool kvm_features)" "$ROOTFS/bin/kvm_features"
	script 'kvm_features; echo ready; while :; do
		while [ ! -e /ask ]; do :; done
		rm /ask
		read -r _ _ _ _ _ _ _ _ steal _ </proc/stat
		echo "$steal" >/answer.new
		mv /answer.new /answer
	done'
	detached --isolation microvm run --detach "$ID"
	wait_until has_text ready "$OUT"
	assert_eq "$(<"$OUT")" $'steal-time\npv-unhalt\npv-tlb-flush\npv-sched-yield\nready'
	pid=$(pid_of)
	stolen "$pid"
	first=$STOLEN first_before=$BEFORE first_after=$AFTER
	while ((STOLEN < first + 4000000000)); do stolen "$pid"; done
	# Within 2 %, but for what was waited for while it was asked.
	echo "stolen $((STOLEN - first)), waited $((BEFORE - first_after)) to $((AFTER - first_before))" >&2
	((STOLEN - first >= (BEFORE - first_after) * 98 / 100 - 10000000))
	((STOLEN - first <= (AFTER - first_before) * 102 / 100 + 10000000))
}

@test "microVM: hooks, limits, ps, update, statistics" {
	need_microvm
	local hook
	for hook in prestart createRuntime poststart poststop; do
		printf '#!/bin/sh\njq -r .pid >%s/%s\n' "$PWD" "$hook" >"$hook.sh"
		chmod +x "$hook.sh"
		config --arg h "$hook" --arg p "$PWD/$hook.sh" '.hooks[$h] = [{path: $p}]'
	done
	config '.hooks.startContainer = [{path: "/bin/sh", args: ["sh", "-c", "cat >/state"]}]
		| .linux.resources.memory = {limit: 134217728} | .linux.resources.pids = {limit: 40}
		| .linux.resources.cpu = {shares: 512}'
	script 'trap "exit 0" TERM; while :; do sleep 0.2; done'
	# Nobody in the guest could say that it is ready.
	NOTIFY_SOCKET=@hull-$ID detached --isolation microvm run --detach "$ID"
	local pid
	pid=$(pid_of)
	for hook in prestart createRuntime poststart; do assert_eq "$(<"$hook")" "$pid"; done
	assert_eq "$(jq -r .id "$ROOTFS/state")" container
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" $(((128 + 128 + 64) << 20))
	assert_eq "$(limit "$pid" cpu cpu.shares cpu.weight)" 59

	try hull ps --format json "$ID"
	assert_ok
	assert_eq "$(jq length <<<"$output")" 2
	try hull ps "$ID"
	assert_ok
	[[ ${output%%$'\n'*} == UID*PID*CMD ]] || report "header"
	assert_has "sh -c trap" "sleep 0.2"

	hull update --memory 120m --pids-limit 30 --cpu-share 1024 "$ID"
	try hull exec "$ID" cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max
	assert_output $'125829120\n30'
	assert_eq "$(limit "$pid" cpu cpu.shares cpu.weight)" 100
	# What the server of the files may do: all that files need, and no devices.
	try hull exec --cap CAP_CHOWN --cap CAP_FOWNER --cap CAP_FSETID --cap CAP_MKNOD "$ID" sh -c 'mkdir /d; touch /d/f; ln /d/f /d/g; ln -s f /d/l; mv /d/g /d/h
		chmod 4755 /d/f; chown 5:6 /d; mknod /c c 1 3'
	assert_status 1
	[[ ! -e $ROOTFS/c ]]
	assert_eq "$(cd "$ROOTFS" && stat -c '%n %u %g %a %h' d d/*)" $'d 5 6 755 2\nd/f 0 0 4755 2\nd/h 0 0 4755 2\nd/l 0 0 777 1'
	assert_eq "$(sed -n 's/^CapEff:\t0*//p' "/proc/$(server_of "$pid")/status")" 8000001f
	[[ $(sed -n 's/^NSpid:\t//p' "/proc/$(server_of "$pid")/status") == *$'\t1' ]]
	assert_eq "$(sed -n 's/^Seccomp:\t//p' "/proc/$(server_of "$pid")/status")" 2
	assert_eq "$(sed -n 's/^\(Uid\|CapEff\):\t//p' "/proc/$pid/status")" \
		$'65534\t65534\t65534\t65534\n0000000000000000'

	try hull update --memory 200m "$ID"
	assert_error "resources.memory.limit: a running microVM cannot be given more memory"
	hull update --memory 128m "$ID"
	try hull events --stats "$ID"
	assert_ok
	(($(jq .data.memory.usage.usage <<<"$output") > 33554432)) || report "memory"
	(($(jq .data.cpu.usage.total <<<"$output") > 0)) || report "cpu"
	hull kill "$ID" TERM
	wait_status stopped
	hull delete "$ID"
	assert_eq "$(<poststop)" 0
	assert_nothing_left
}

# rss PID: resident memory in MiB, as the host counts it.
rss() {
	local name value
	while read -r name value _; do
		[[ $name != VmRSS: ]] || echo $((value >> 10))
	done <"/proc/$1/status"
}
rss_below() { (($(rss "$1") < $2)); }

@test "microVM: memory that the guest frees goes back to the host; update takes more of it, and returns it" {
	need_microvm
	local pid most
	mount_add /big tmpfs tmpfs size=64m
	config '.linux.resources.memory = {limit: 134217728}'
	script 'head -c 48m /dev/zero >/big/file; echo full; while [ -e /big/file ]; do sleep 0.2; done
		echo empty; while :; do sleep 1; done'
	detached --isolation microvm run --detach "$ID"
	pid=$(pid_of)
	wait_until has_text full "$OUT"
	most=$(rss "$pid")
	hull exec "$ID" rm /big/file
	# Of what is free the guest tells large pieces only.
	wait_until rss_below "$pid" $((most - 24))

	hull update --memory 112m "$ID"
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" $(((112 + 128 + 64) << 20))
	assert_eq "$(hull exec "$ID" cat /sys/fs/cgroup/memory.max)" $((112 << 20))
	try hull events --stats "$ID"
	assert_eq "$(jq -c .data.microvm.memory <<<"$output")" "{\"size\":$((256 << 20)),\"balloon\":$((16 << 20))}"
	hull update --memory 128m "$ID"
	try hull events --stats "$ID"
	assert_eq "$(jq -c .data.microvm.memory.balloon <<<"$output")" 0
}

@test "microVM: update takes processors off and puts them on; statistics of exits, vCPUs and devices" {
	need_microvm
	config '.linux.resources.cpu = {quota: 200000, period: 100000}'
	script 'trap "exit 0" TERM; while :; do sleep 0.2; done'
	detached --isolation microvm run --detach "$ID"
	assert_eq "$(hull exec "$ID" cat /sys/devices/system/cpu/online)" 0-1
	hull update --cpu-quota 100000 "$ID"
	assert_eq "$(hull exec "$ID" sh -c 'cat /sys/devices/system/cpu/online; nproc')" $'0\n1'
	hull update --cpu-quota 400000 "$ID"
	assert_eq "$(hull exec "$ID" nproc)" 2
	hull update --cpuset-cpus 0 "$ID"
	assert_eq "$(hull exec "$ID" nproc)" 1

	try hull stats --no-stream --format json "$ID"
	assert_ok
	assert_eq "$(jq -c '.microvm | [.vcpus[].number], (.vcpus | map(.usage > 0 and .steal >= 0) | all),
		.exits.exits > .exits.io_exits, .exits.monitor_ports > 0, .doorbells > 0, .interrupts > 0,
		[.devices[].name]' <<<"$output" | xargs)" \
		'[0,1] true true true true true [console,rng,balloon,fs]'
	hull pause "$ID"
	try hull stats --no-stream --format json "$ID"
	assert_ok
	assert_eq "$(jq -c '.microvm | keys' <<<"$output")" '["vcpus"]'
	try hull update --cpu-quota 100000 "$ID"
	assert_error "is paused"
}

@test "microVM: sockets between guest and host, with ports of their own" {
	need_microvm
	mkdir services
	cat >service.py <<-'END'
		import os, socket, sys
		listener = socket.socket(socket.AF_UNIX)
		listener.bind("services/1234")
		os.chmod("services/1234", 0o666)
		listener.listen()
		print("listens", flush=True)
		stream = listener.accept()[0]
		question = stream.makefile().read()
		stream.sendall(b"answer to " + question.encode())
	END
	cat >client.py <<-'END'
		import os, socket, sys
		os.chdir(sys.argv[1])
		stream = socket.socket(socket.AF_UNIX)
		stream.connect("vsock.sock")
		stream.sendall(b"CONNECT 5000\nsaid early" + 100000 * b".")
		stream.shutdown(socket.SHUT_WR)
		text = stream.makefile().read()
		print(text.split("\n")[0].split()[0], len(text.split("\n")[1]), text.split("\n")[1][:10])
	END
	"$PYTHON" service.py >service.out 3>&- 4>&- &
	wait_until has_text listens service.out
	config --arg p "$PWD/services" '.annotations["hull.vsock"] = $p'
	cp "$(tool vsock)" "$ROOTFS/bin/vsock"
	script 'echo question | vsock connect 1234; vsock connect 1235 </dev/null 2>&1; vsock serve 5000'
	detached --isolation microvm run --detach "$ID"
	wait_until has_text ready "$OUT"
	assert_eq "$(<"$OUT")" $'answer to question\nconnect: Connection reset by peer\nready'
	assert_eq "$("$PYTHON" client.py "$STATE/$ID")" "OK 100010 said early"
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
	[[ $(ls services) == 1234 ]]
}

# The process that serves the files to the guest of the monitor PID.
server_of() { xargs <"/proc/$1/task/$1/children"; }

@test "microVM: terminals of an engine, their sizes, and signals for what exec has begun" {
	need_microvm
	config '.process.terminal = true | .process.consoleSize = {height: 41, width: 123}'
	script 'stty size; read line; echo "got $line"; trap "exit 5" HUP; echo ready; while :; do sleep 0.2; done'
	console_listen --input $'hello\n'
	detached --isolation microvm create --console-socket "$CONSOLE" "$ID"
	hull start "$ID"
	wait_until has_text ready "$TTY_OUT"
	has_text "41 123" "$TTY_OUT"
	has_text "got hello" "$TTY_OUT"

	on_terminal --size 31x97 exec --tty "$ID" sh -c 'tty; stty size; exit 6'
	assert_status 6
	assert_has /dev/pts/ "31 97"

	local code=0 pid
	hull exec --pid-file exec.pid "$ID" \
		sh -c 'trap "echo usr; exit 9" USR1; echo here; while :; do sleep 0.1; done' >exec.out &
	pid=$!
	wait_until has_text here exec.out
	kill -USR1 "$(<exec.pid)"
	wait "$pid" || code=$?
	assert_eq "$code" 9
	has_text usr exec.out
	code=0
	hull exec --pid-file exec.pid "$ID" sh -c 'echo here; exec sleep 1000' >exec.out &
	pid=$!
	wait_until has_text here exec.out
	kill -KILL "$(<exec.pid)"
	wait "$pid" || code=$?
	assert_eq "$code" 137
	wait_until no_sleeper

	kill -KILL "$CONSOLE_PID"
	wait_status stopped
	hull delete "$ID"
	assert_nothing_left
}
no_sleeper() { [[ $(hull ps "$ID") != *"sleep 1000"* ]]; }

@test "microVM: the user's own terminal" {
	need_microvm
	config '.process.terminal = true'
	script 'tty; stty size; exit 6'
	on_terminal --size 31x97 --isolation microvm run "$ID"
	assert_status 6
	assert_has /dev/pts/ "31 97"
	assert_nothing_left
}

# A monitor that boots nothing: what it is started with, and its group, can be seen anywhere.
@test "microVM: its size, and the limits of its group, come from the container's" {
	local pid creator
	cp "$HULL" hull
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >%s/words\nexec sleep 1000\n' "$PWD" >hull-vmm
	printf '#!/bin/sh\njq -r .pid >%s/pid.new && mv %s/pid.new %s/pid\n' "$PWD" "$PWD" "$PWD" >hook
	chmod +x hull-vmm hook
	payload true
	config --arg p "$PWD/hook" '.hooks.createRuntime = [{path: $p}]
		| .linux.resources.memory = {limit: 134217728}
		| .linux.resources.cpu = {quota: 150000, period: 100000, cpus: "0"}
		| .linux.resources.pids = {limit: 500}'
	HULL=$PWD/hull try_later vm run "$ID"
	creator=$!
	wait_until test -s pid
	pid=$(<pid)
	wait_until test -s words
	assert_eq "$(grep -E '^--(vcpus|memory)=' words)" $'--memory=256\n--vcpus=1'
	assert_eq "$(limit "$pid" memory memory.limit_in_bytes memory.max)" $(((256 + 64) << 20))
	assert_eq "$(limit "$pid" cpuset cpuset.cpus cpuset.cpus)" 0
	[[ $(limit "$pid" cpu cpu.cfs_quota_us cpu.max) == 150000* ]]
	assert_eq "$(limit "$pid" pids pids.max pids.max)" 17
	kill -KILL "$pid"
	not wait "$creator"
	has_text "the container's microVM has ended" later.err
	assert_nothing_left
}
try_later() { "$@" >later.out 2>later.err </dev/null & }

@test "microVM: a program that is not there, and a kernel that is none" {
	need_microvm
	payload nosuch
	try vm run "$ID"
	assert_error "executable file not found"
	assert_nothing_left
	payload true
	head -c 100000 /dev/zero >kernel
	config --arg k "$PWD/kernel" '.vm = {kernel: {path: $k}}'
	try hull run "$ID"
	assert_error "is no Linux kernel"
	assert_nothing_left
}

# ---- kernels that are none ---------------------------------------------------------------------

# with_modules FILE...: a kernel's version, kernel.py's "0-test", has these built in; the machine's own
# kernels are out of sight, and the cache is the test's.
with_modules() {
	local lib
	lib=$(realpath /lib)
	mkdir -p lib/modules/0-test
	: >lib/modules/0-test/modules.dep
	printf 'kernel/%s.ko\n' "$@" >lib/modules/0-test/modules.builtin
	cat >with-modules <<-END
		mount -t tmpfs none /boot && mount -t tmpfs none /var/cache || exit 99
		[ ! -d $lib/modules ] || mount -t tmpfs none $lib/modules || exit 99
		mount -t overlay -o lowerdir=$PWD/lib:$lib none $lib || exit 99
		exec "\$@"
	END
}
# alone [HULL]: the container in a microVM, in a mount namespace with those modules. How the sanitizers
# look for leaks in the end the monitor's sandbox forbids.
alone() { HULL_BATS="$ID" ASAN_OPTIONS=${ASAN_OPTIONS-}:detect_leaks=0 timeout -s KILL 60 unshare -m sh with-modules "${@:-$HULL}" --root "$STATE" run "$ID"; }
VIRTIO=(virtio_pci virtio_console virtiofs)

# vm_kernel WHAT TEXT: the test's kernel, and config.json asks for it.
vm_kernel() {
	"$PYTHON" "$BATS_TEST_DIRNAME/kernel.py" 0-test "$1" "$2" >kernel
	config --arg k "$PWD/kernel" '.vm = {kernel: {path: $k}}'
}

@test "microVM: a guest that breaks, and one that never answers: its console's last words" {
	local patience
	[[ -e /dev/kvm ]] || skip "no KVM"
	payload true
	with_modules "${VIRTIO[@]}"
	vm_kernel restart 'Kernel panic - not syncing: no root'
	try alone
	assert_error "the microVM has ended: " "; its last words: Kernel panic - not syncing: no root"
	assert_nothing_left
	vm_kernel hang 'waits for nothing'
	cp "$HULL" hull
	# On a busy machine it may not have said a word by then.
	for patience in 1 5 40; do
		printf '#!/bin/sh\nexec %s/hull-vmm --patience=%d "$@"\n' "${HULL%/*}" "$patience" >hull-vmm
		chmod +x hull-vmm
		try alone "$PWD/hull"
		[[ $stderr != *"waits for nothing" ]] || break
	done
	assert_error "the microVM has ended: its guest has not answered for $patience second" \
		"; its last words: waits for nothing"
	assert_nothing_left
}

@test "microVM: kernels that are none, damaged, without PVH, without virtio, not there" {
	local size
	[[ -e /dev/kvm ]] || skip "no KVM"
	payload true
	with_modules "${VIRTIO[@]}"
	vm_kernel hang x
	sed -i 's/Xen/Yen/' kernel
	try alone
	assert_error "the kernel has no PVH entry: it was built without CONFIG_PVH"
	with_modules virtio_console virtiofs
	vm_kernel hang y
	try alone
	assert_error "the microVM's kernel has no virtio_pci" /modules/0-test
	# A bzImage whose payload ends too early, and one whose payload is no gzip's.
	for size in 8000 9000; do
		{
			head -c 497 /dev/zero
			printf '\1' # sectors of setup code
			head -c 16 /dev/zero
			printf 'HdrS\17\2'
			head -c 64 /dev/zero
			printf '\0\4\0\0\50\43\0\0' # the payload: 9000 bytes at 1024 behind it
			head -c 1456 /dev/zero
			printf '\37\213'
			head -c "$size" /dev/zero
		} >kernel
		try alone
		case $size in
		8000) assert_error "$PWD/kernel is damaged: it ends before the kernel in it" ;;
		9000) assert_error "$PWD/kernel is damaged: gzip cannot decompress it" ;;
		esac
	done
	config '.vm.kernel.path = "/nonexistent/vmlinuz"'
	try alone
	assert_error "the microVM's kernel: /nonexistent/vmlinuz: does not exist"
	config 'del(.vm) | .annotations["hull.isolation"] = "microvm"'
	try alone
	assert_error "no kernel for the microVM: there is no /boot/vmlinuz-*; install one"
	assert_nothing_left
}

@test "microVM: a kernel that nothing here unpacks unpacks itself" {
	need_microvm
	local kernel
	kernel=$(compgen -G '/boot/vmlinuz-*' | tail -n 1)
	# Another one than that which is in the cache.
	{ cat "$kernel" && echo "$ID"; } >another
	config --arg k "$PWD/another" '.vm = {kernel: {path: $k}}'
	payload echo booted
	try env PATH=/nonexistent "$HULL" --root "$STATE" run "$ID"
	assert_ok
	assert_output booted
	assert_nothing_left
}

@test "microVM: what a guest cannot have is refused by name" {
	local cases=(
		'.linux.namespaces[0].path = "/proc/1/ns/pid" => linux.namespaces[0].path: a microVM cannot join'
		'(.linux.namespaces[] | select(.type == "network")).path = "/proc/none" => linux.namespaces[1].path: /proc/none: does not exist'
		'(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/ipc" => linux.namespaces[1].path: /proc/self/ns/ipc is no network namespace'
		'.vm = {kernel: {path: "/k"}, hypervisor: {path: "/bin/qemu"}} => vm.hypervisor: hull'"'s microVMs do not have it"
		'.vm = {kernel: {path: "/k", initrd: "/i"}} => vm.kernel.initrd: '
		'.vm = {kernel: {path: "/k"}, image: {path: "/disk"}} => vm.image: '
		'.vm = {kernel: {path: "/k"}, hwConfig: {irqs: [11]}} => vm.hwConfig.irqs: '
		'.vm = {kernel: {path: "/k"}, hwConfig: {iomems: [{firstMFN: 1, nrMFNs: 1}]}} => vm.hwConfig.iomems: '
		'.hooks.createContainer = [{path: "/bin/true"}] => hooks.createContainer: a microVM has no programs of the host'
		'.linux.netDevices = {eth7: {}} => linux.netDevices: a microVM cannot'
		'.linux.devices = [{type: "c", path: "/dev/fuse", major: 10, minor: 229}, {type: "b", path: "/dev/sda", major: 8, minor: 0}] => linux.devices[1]: /dev/sda: a microVM has no devices of the host'
		'.linux.devices = [{type: "c", path: "/dev/kvm", major: 10, minor: 232}] => linux.devices[0]: /dev/kvm: a microVM has'
		'.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/run/agent"} => linux.seccomp.listenerPath: a microVM cannot'
		'.annotations["run.oci.seccomp.receiver"] = "/run/agent" | .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"} => linux.seccomp.listenerPath: '
		'.vm = {kernel: {path: "/k"}, hwConfig: {vcpus: 0}} => vm.hwConfig.vcpus: must be greater than 0, got 0'
		'.vm = {kernel: {path: "/k"}, hwConfig: {vcpus: 10000}} => vm.hwConfig.vcpus: must be 1 to 64, got 10000'
		'.vm = {kernel: {path: "/k"}, hwConfig: {memory: 1048576}} => vm.hwConfig.memory: must be 67108864 bytes (64 MiB) or more for a microVM, got 1048576'
	)
	local one
	payload true
	cp config.json whole.json
	for one in "${cases[@]}"; do
		cp whole.json config.json
		config "${one% => *}"
		try vm run "$ID"
		assert_error "config.json: ${one##* => }"
		assert_nothing_left
	done
}

@test "microVM: the whisper is refused, as its kernel tells the same" {
	payload true
	try vm run --whisper "$ID"
	assert_error whisper /proc/stat
	assert_nothing_left
}

@test "microVM: which isolation is asked for" {
	payload true
	try hull --isolation other run "$ID"
	assert_error "--isolation: must be host or microvm"
	config '.vm = {kernel: {path: "/nonexistent"}}'
	try hull --isolation host run "$ID"
	assert_error "vm: is for a microVM"
	assert_nothing_left
}

@test "microVM: without KVM one line says what is missing" {
	payload true
	cat >without-kvm <<-END
		mount -t tmpfs none /dev && exec "\$@"
	END
	try env HULL_BATS="$ID" unshare -m sh without-kvm "$HULL" --root "$STATE" --isolation microvm run "$ID"
	assert_error "a microVM needs KVM" "/dev/kvm"
	assert_nothing_left
}

# ---- its network -----------------------------------------------------------------------------

# network_namespace NAME: one of the test's own, which outlives containers.
network_namespace() {
	local path=$BATS_TEST_TMPDIR/$1
	touch "$path"
	unshare --net="$path" true
	HOST_MOUNTS+=("$path")
	inside "$1" ip link set lo up
}

# inside NAME COMMAND...: in a namespace of network_namespace.
inside() { nsenter --net="$BATS_TEST_TMPDIR/$1" "${@:2}"; }

# The namespace "far" with a server of files, and what an engine does for a container: an interface
# with a path to there, in the namespace of a path that has none yet.
far_network() {
	network_namespace far
	mkdir www
	head -c 300000 /dev/urandom >www/file
	inside far busybox httpd -f -p 80 -h "$PWD/www" 3>&- &
	[[ -e /dev/net/tun ]] || modprobe tun
}
engine_interface() {
	local path=$1 name=$2 subnet=$3
	inside far ip link add "far$subnet" mtu "$4" type veth peer name "$name" mtu "$4"
	inside far ip addr add "10.9.$subnet.1/24" dev "far$subnet"
	inside far ip addr add "fd00:$subnet::1/64" dev "far$subnet" nodad
	inside far ip link set "far$subnet" up
	inside far ip link set "$name" netns "$path"
	nsenter --net="$path" sh -c "ip addr add 10.9.$subnet.2/24 dev $name
		ip addr add fd00:$subnet::2/64 dev $name nodad
		ip link set $name address 02:68:75:6c:6c:0$subnet up"
}
# What a namespace has, as far as an engine could see; a new link-local address is tentative at first.
network_of() {
	inside "$1" sh -c 'ip -o -d link; ip -o addr; ip route; ip -6 route; tc qdisc' | sed 's/ tentative//'
}

@test "microVM: the interfaces of the joined network namespace are the guest's, bytes flow both ways" {
	local before
	need_microvm
	far_network
	network_namespace engine
	engine_interface "$BATS_TEST_TMPDIR/engine" eth0 1 1400
	engine_interface "$BATS_TEST_TMPDIR/engine" net1 2 1500
	inside engine ip route add default via 10.9.1.1
	inside engine ip route add 192.0.2.0/24 via 10.9.2.1 metric 50
	inside engine ip -6 route add default via fd00:1::1
	before=$(network_of engine)
	config --arg p "$BATS_TEST_TMPDIR/engine" '(.linux.namespaces[] | select(.type == "network")).path = $p'
	script 'ip -o link; ip -o addr; ip route; ip -6 route
		wget -q -O /tmp/file http://10.9.1.1/file; sha256sum </tmp/file
		wget -q -O - http://[fd00:2::1]/file | sha256sum
		httpd -h /tmp; echo ready; while :; do sleep 0.2; done'
	detached --isolation microvm create "$ID"
	assert_eq "$(network_of engine)" "$before"
	hull start "$ID"
	wait_until has_text ready "$OUT"
	output=$(cat "$OUT")
	assert_has "mtu 1400" "link/ether 02:68:75:6c:6c:01" "inet 10.9.1.2/24 scope global eth0" \
		"inet6 fd00:1::2/64 scope global" "mtu 1500" "link/ether 02:68:75:6c:6c:02" \
		"inet 10.9.2.2/24 scope global net1" "default via 10.9.1.1 dev eth0" \
		"192.0.2.0/24 via 10.9.2.1 dev net1  metric 50" "default via fd00:1::1 dev eth0"
	assert_eq "$(grep -c "$(sha256sum <www/file)" "$OUT")" 2
	inside far busybox wget -q -O fetched http://10.9.1.2/file
	cmp fetched www/file
	[[ $(inside engine ip -o link) == *"hull0:"*"hull1:"* ]]
	hull delete --force "$ID"
	assert_eq "$(network_of engine)" "$before"
}

@test "microVM: an interface that an engine puts into /proc/PID/ns/net before start" {
	local path
	need_microvm
	far_network
	script 'ip -o addr; wget -q -O - http://10.9.3.1/file | sha256sum'
	detached --isolation microvm create "$ID"
	path=/proc/$(hull state "$ID" | jq .pid)/ns/net
	assert_eq "$(nsenter --net="$path" ip -o link | wc -l)" 1
	engine_interface "$path" eth0 3 1500
	hull start "$ID"
	wait_status stopped
	output=$(cat "$OUT")
	assert_has "inet 10.9.3.2/24 scope global eth0" "$(sha256sum <www/file)"
	hull delete "$ID"
	assert_eq "$(inside far ip -o link | wc -l)" 1
}

@test "microVM: an interface that is joined to something else stays as it is" {
	local before
	need_microvm
	far_network
	network_namespace engine
	engine_interface "$BATS_TEST_TMPDIR/engine" eth0 1 1500
	engine_interface "$BATS_TEST_TMPDIR/engine" net1 2 1500
	inside engine tc qdisc add dev net1 ingress
	before=$(network_of engine)
	config --arg p "$BATS_TEST_TMPDIR/engine" '(.linux.namespaces[] | select(.type == "network")).path = $p'
	payload true
	try vm run "$ID"
	assert_error "net1: has an ingress qdisc already"
	wait_until network_is engine "$before"
}
network_is() { [[ $(network_of "$1") == "$2" ]]; }
