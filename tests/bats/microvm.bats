#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2034,SC2154 # try sets $stderr; setup.bash reads HULL_TIMEOUT
# The container in a virtual machine of its own.
load setup

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

@test "microVM: the guest's kernel knows what others took from it" {
	need_microvm
	local cpu competitor
	cpu=$(awk '/^Cpus_allowed_list/ { n = split($2, p, /[-,]/); print p[n] }' /proc/self/status)
	taskset -c "$cpu" sh -c 'while :; do :; done' 3>&- 4>&- &
	competitor=$!
	cleanup_later "kill $competitor"
	taskset -cp "$cpu" "$BASHPID" >/dev/null
	script 'steal=0; while [ "$steal" -lt 10 ]; do read -r _ _ _ _ _ _ _ _ steal _ </proc/stat; done; echo stolen'
	try vm run "$ID"
	assert_ok
	assert_output stolen
}

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

@test "microVM: what a guest cannot have is refused by name" {
	local cases=(
		'.linux.namespaces[0].path = "/proc/1/ns/pid" => linux.namespaces[0].path: a microVM cannot join'
		'(.linux.namespaces[] | select(.type == "network")).path = "/nonexistent" => linux.namespaces[1].path: /nonexistent is no network namespace'
		'(.linux.namespaces[] | select(.type == "network")).path = "/proc/self/ns/ipc" => linux.namespaces[1].path: /proc/self/ns/ipc is no network namespace'
		'.hooks.prestart = [{path: "/bin/true"}] => hooks.prestart: hooks do not run for a microVM'
		'.vm = {kernel: {path: "/k"}, hypervisor: {path: "/bin/qemu"}} => vm.hypervisor: hull'"'s microVMs do not have it"
		'.vm = {kernel: {path: "/k", initrd: "/i"}} => vm.kernel.initrd: '
		'.vm = {kernel: {path: "/k"}, image: {path: "/disk"}} => vm.image: '
		'.vm = {kernel: {path: "/k"}, hwConfig: {irqs: [11]}} => vm.hwConfig.irqs: '
		'.vm = {kernel: {path: "/k"}, hwConfig: {iomems: [{firstMFN: 1, nrMFNs: 1}]}} => vm.hwConfig.iomems: '
		'.linux.netDevices = {eth7: {}} => linux.netDevices: a microVM cannot'
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
