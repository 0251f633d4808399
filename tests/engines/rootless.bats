#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# Podman as an ordinary user: one has ranges in /etc/subuid, the other one has only himself.

load podman

RANGED=54321 # "hull-ranged"
ALONE=54322  # "hull-alone"
RANGE=2000000
EXTRA=54399 # a group that both are in

# user_make NAME UID: with a home, a runtime folder, and an image in a store of his own.
user_make() {
	local home=$USERS/$2
	useradd --uid "$2" --groups hull-extra --home-dir "$home" --create-home "$1"
	sed -i "/^$1:/d" /etc/subuid /etc/subgid
	install -d -m 700 -o "$2" "$USERS/run-$2"
	mkdir -p "$home/.config/containers" "$home/shared"
	cat >"$home/.config/containers/storage.conf" <<-EOF
		[storage]
		driver = "${3:-overlay}"
		[storage.options.overlay]
		ignore_chown_errors = "true"
		[storage.options.vfs]
		ignore_chown_errors = "true"
	EOF
	cat >"$home/.config/containers/containers.conf" <<-EOF
		[containers]
		netns = "none"
		log_driver = "k8s-file"
		[engine]
		lock_type = "file"
		cgroup_manager = "cgroupfs"
		events_logger = "file"
		runtime = "hull"
		runtime_supports_json = ["hull"]
		runtime_supports_nocgroup = ["hull"]
		[engine.runtimes]
		hull = ["$USERS/hull"]
	EOF
	chown -R "$1:" "$home"
	usermod --lock "$1" 2>/dev/null
}

setup_file() {
	export USERS=$STORE/users ME=$RANGED
	mkdir "$USERS"
	install -m 755 "$HULL" "$USERS/hull"
	groupadd --gid "$EXTRA" hull-extra
	user_make hull-ranged "$RANGED"
	echo "hull-ranged:$RANGE:65536" | tee -a /etc/subuid >>/etc/subgid
	user_make hull-alone "$ALONE" vfs
	local image
	image=$("$ENGINES/../lab/image")
	my podman import --quiet "$image" debian
	ME=$ALONE my podman import --quiet "$image" debian
}

teardown_file() {
	local ME
	for ME in $RANGED $ALONE; do
		my podman system migrate || true
		userdel "$(id -nu "$ME")"
	done
	groupdel hull-extra
}

# my COMMAND...: the user $ME runs it, in his home; with $FROM he starts in that cgroup (v2).
my() {
	local home=$USERS/$ME words
	words=(setpriv --reuid="$ME" --regid="$ME" --init-groups env -i --chdir="$home" PATH="$PATH"
		HOME="$home" USER="$(id -nu "$ME")" XDG_RUNTIME_DIR="$USERS/run-$ME" TERM=xterm
		PODMAN_IGNORE_CGROUPSV1_WARNING=1 timeout --foreground -s KILL "$ENGINE_TIMEOUT" "$@")
	if [[ -n ${FROM-} ]]; then
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$FROM" "${words[@]}"
	else
		"${words[@]}"
	fi 3>&- 4>&-
}
# What Podman may lose of it on a busy machine is in the log: see try.
run_mine() {
	local log=$USERS/$ME/monitor.log
	rm -f "$log"
	suite_try my podman run --rm --log-opt "path=$log" "$@"
	attached_or_logged "$log"
}

eval "engines_$(declare -f teardown)"
teardown() {
	local code=0 left ME
	for ME in $RANGED $ALONE; do
		my podman pod rm --force --all --time 0 >/dev/null || code=$?
		my podman rm --force --all --time 0 >/dev/null || code=$?
		left=$(find "$USERS/run-$ME/hull" -mindepth 1 -maxdepth 1 ! -name '@*' 2>/dev/null || true)
		[[ -z $left ]] || code=1
		[[ -z $left ]] || echo "left behind: $left"
	done
	engines_teardown && return "$code"
}

# bats test_tags=smoke
@test "rootless: run, as root inside and as the user outside" {
	run_mine debian sh -c 'id -u; cat /proc/self/uid_map; echo err >&2'
	assert_ok
	assert_eq "$(tr -s ' ' <<<"$output")" $'0\n 0 '"$RANGED"$' 1\n 1 '"$RANGE 65536"
	assert_eq "$stderr" err
	run_mine debian sh -c 'exit 7'
	assert_status 7
	run_mine debian no-such-program
	assert_status 127
	run_mine debian /etc/passwd
	assert_status 126
	run_mine --user 33:33 debian sh -c 'id -un; sh -c "kill -TERM \$\$"; exit $?'
	assert_status 143
	assert_output www-data
}

@test "rootless: exec, stop, logs, inspect" {
	local pid
	my podman run --detach --name "$C" debian \
		sh -c 'echo begins; trap "exit 5" TERM; while :; do sleep 1000 & wait $!; done'
	wait_until eval 'my podman logs "$C" | grep -q begins'
	pid=$(my podman inspect --format '{{.State.Pid}}' "$C")
	assert_eq "$(awk '/^Uid:/ { print $2 }' "/proc/$pid/status")" "$RANGED"
	[[ -d $USERS/run-$RANGED/hull/$(my podman inspect --format '{{.Id}}' "$C") ]] || fail "the state is elsewhere"
	try my podman exec "$C" sh -c 'id -u; exit 9'
	assert_status 9
	assert_output 0
	try my podman exec --user 7 "$C" id -u
	assert_output 7
	try my podman exec "$C" no-such-program
	assert_status 127
	try my podman top "$C" args
	assert_ok
	assert_has sleep
	my podman stop "$C"
	wait_until eval '[[ $(my podman inspect --format "{{.State.Status}} {{.State.ExitCode}}" "$C") == "exited 5" ]]'
	my podman start "$C"
	my podman kill --signal KILL "$C"
	assert_eq "$(my podman wait "$C")" 137
}

@test "rootless: a terminal" {
	try my "$PYTHON" "$ENGINES/../bats/runtty.py" --size 31x77 podman run --rm -it debian sh -c 'sleep 0.3; tty; stty size'
	assert_ok
	assert_has /dev/pts/0 "31 77"
	my podman run --detach --name "$C" debian sleep 1000
	try my "$PYTHON" "$ENGINES/../bats/runtty.py" podman exec -it "$C" tty
	assert_ok
	assert_has /dev/pts/
}

@test "rootless: --userns keep-id and nomap" {
	run_mine --userns keep-id --volume "$USERS/$RANGED/shared:/shared" debian sh -c 'id -u; touch /shared/kept'
	assert_ok
	assert_output "$RANGED"
	assert_eq "$(stat -c %u "$USERS/$RANGED/shared/kept")" "$RANGED"
	run_mine --userns keep-id:uid=1000,gid=1000 debian id -u
	assert_output 1000
	run_mine --userns nomap debian id -u
	assert_ok
	assert_output 0
	run_mine --userns auto:size=1000 debian cat /proc/self/uid_map
	assert_ok
	assert_has 1000
}

@test "rootless: keep-groups" {
	local file=$USERS/$RANGED/shared/of-the-group
	echo secret >"$file"
	chown "0:$EXTRA" "$file"
	chmod 640 "$file"
	run_mine --volume "$USERS/$RANGED/shared:/shared" debian cat /shared/of-the-group
	[[ $status -ne 0 ]] || report "read it without the group"
	run_mine --volume "$USERS/$RANGED/shared:/shared" --annotation run.oci.keep_original_groups=1 \
		debian cat /shared/of-the-group
	assert_ok
	assert_output secret
	run_mine --volume "$USERS/$RANGED/shared:/shared" --group-add keep-groups debian cat /shared/of-the-group
	assert_ok
	assert_output secret
}

@test "rootless: volumes" {
	run_mine --volume "$USERS/$RANGED/shared:/shared" debian sh -c 'touch /shared/root; chown 7 /shared/root; touch /shared/me'
	assert_ok
	assert_eq "$(stat -c %u "$USERS/$RANGED/shared/me" "$USERS/$RANGED/shared/root" | tr '\n' ' ')" "$RANGED $((RANGE + 6)) "
	run_mine --volume "$USERS/$RANGED/shared:/shared:ro" debian touch /shared/more
	[[ $status -ne 0 && ! -e $USERS/$RANGED/shared/more ]] || report "not read-only"
	my podman volume create named
	run_mine --volume named:/named debian sh -c 'echo kept >/named/file'
	assert_ok
	run_mine --volume named:/named --tmpfs /scratch debian sh -c 'cat /named/file; touch /scratch/file'
	assert_ok
	assert_output kept
	my podman volume rm named
}

@test "rootless: networks none, host and pasta" {
	run_mine --network none debian ls /sys/class/net
	assert_ok
	assert_output lo
	run_mine --network host debian readlink /proc/self/ns/net
	assert_ok
	assert_output "$(readlink /proc/self/ns/net)"
	# The machine may keep its own from users.
	mknod -m 666 /run/hull-tun c 10 200
	host_mount --bind /run/hull-tun /dev/net/tun
	cleanup_later 'rm /run/hull-tun'
	run_mine --network pasta debian sh -c 'ls /sys/class/net | wc -l; readlink /proc/self/ns/net'
	assert_ok
	[[ $output == 2$'\n'* && $output != *"$(readlink /proc/self/ns/net)" ]] || report "no pasta"
}

@test "rootless: pods, namespaces of others, privileged" {
	my podman pod create --name "$C"
	my podman run --detach --name "$C-one" --pod "$C" debian sleep 1000
	run_mine --pod "$C" debian readlink /proc/self/ns/uts /proc/self/ns/ipc
	assert_ok
	assert_output "$(my podman exec "$C-one" readlink /proc/self/ns/uts /proc/self/ns/ipc)"
	my podman run --detach --name "$C-two" debian sleep 1000
	run_mine --pid "container:$C-two" debian sh -c 'grep -l sleep /proc/[0-9]*/comm | wc -l'
	assert_ok
	assert_output 1
	run_mine --privileged --pid host debian sh -c 'mount -t tmpfs x /mnt && readlink /proc/self/ns/pid'
	assert_ok
	assert_output "$(readlink /proc/self/ns/pid)"
}

@test "rootless: --cgroups disabled" {
	run_mine --cgroups disabled debian cat /proc/self/cgroup
	assert_ok
	try podman_disabled run --rm debian true
	assert_ok
	# Its processes stay with Podman's monitor.
	podman_disabled run --detach --name "$C" debian sleep 1000
	assert_eq "$(cat "/proc/$(pid_of)/cgroup")" "$(cat "/proc/$(inspect .State.ConmonPid)/cgroup")"
}

# Root's Podman, which hull tells that it can do without cgroups.
podman_disabled() {
	# shellcheck disable=SC2034 # for the function podman
	local CONF=$BATS_TEST_TMPDIR/containers.conf ENGINES_GROUP=
	store_configure >"$CONF"
	printf 'runtime_supports_nocgroup = ["%s"]\n' "${HULL##*/}" >>"$CONF"
	podman "$1" --cgroups disabled "${@:2}"
}

@test "rootless: a user without ranges" {
	local ME=$ALONE
	run_mine debian sh -c 'id -u; cat /proc/self/uid_map /proc/self/setgroups'
	assert_ok
	assert_eq "$(tr -s ' ' <<<"$output")" $'0\n 0 '"$ALONE"$' 1\ndeny'
	run_mine --volume "$USERS/$ALONE/shared:/shared" debian sh -c 'touch /shared/file; exit 4'
	assert_status 4
	assert_eq "$(stat -c %u "$USERS/$ALONE/shared/file")" "$ALONE"
	my podman run --detach --name "$C" debian sh -c 'trap "exit 5" TERM; while :; do sleep 1000 & wait $!; done'
	try my podman exec "$C" id -u
	assert_ok
	assert_output 0
	try my "$PYTHON" "$ENGINES/../bats/runtty.py" podman exec -it "$C" tty
	assert_has /dev/pts/
	my podman stop --time 0 "$C"
	assert_eq "$(my podman wait "$C")" 137
	run_mine --user 33 debian true
	[[ $status -ne 0 ]] || report "a user that he cannot map"
}

@test "root: --userns auto" {
	echo "containers:3000000:131072" | tee -a /etc/subuid >>/etc/subgid
	cleanup_later 'sed -i /^containers:/d /etc/subuid /etc/subgid'
	run_script --userns auto:size=2000 'cat /proc/self/uid_map'
	assert_ok
	assert_eq "$(tr -s ' ' <<<"$output")" " 0 3000000 2000"
}

@test "rootless: limits in a delegated cgroup" {
	[[ $CGROUP_MODE == v2 ]] || skip "delegation needs cgroup v2 alone (tests/lab/run has it)"
	local group=$CGROUP2/hull-user-$$ file pid FROM
	FROM=$group/session
	mkdir "$group" "$FROM"
	cleanup_later "for dir in \$(find $group -depth -type d); do rmdir \$dir; done"
	for file in "$group" "$FROM" {"$group","$FROM"}/cgroup.{procs,subtree_control,threads}; do
		chown "$RANGED:$RANGED" "$file"
	done
	echo "+memory +pids +cpu" >"$CGROUP2/cgroup.subtree_control"
	my podman run --detach --name "$C" --memory 64m --pids-limit 50 debian sleep 1000
	pid=$(my podman inspect --format '{{.State.Pid}}' "$C")
	assert_eq "$(limit "$pid" memory - memory.max)" $((64 << 20))
	assert_eq "$(limit "$pid" pids - pids.max)" 50
	my podman pause "$C"
	assert_eq "$(my podman inspect --format '{{.State.Status}}' "$C")" paused
	my podman unpause "$C"
	my podman rm --force --time 0 "$C"
}
