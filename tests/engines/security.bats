#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# What a container may do: users, capabilities, seccomp, masked paths, --privileged.

load podman

# capabilities FIELD: the set of the shell that ran last, as names.
capabilities() {
	run_script "${@:2}" "capsh --decode=\$(sed -n 's/^$1:\t//p' /proc/self/status)"
	output=${output#*=}
}

@test "user: by number, by name, with groups" {
	run_script --user 1234:99 --group-add 500 'id -u; id -g; id -G; echo $HOME'
	assert_output $'1234\n99\n99 500\n/'
	run_script --user nobody 'id -un; touch /etc/x 2>/dev/null || echo denied'
	assert_output $'nobody\ndenied'
	try podman run --rm --user no-such-user debian true
	[[ $status -ne 0 && $stderr == *no-such-user* ]] || report "message"
}

@test "capabilities: Podman's default set, none, one more" {
	local default=cap_chown,cap_dac_override,cap_fowner,cap_fsetid,cap_kill,cap_setgid,cap_setuid,cap_setpcap,cap_net_bind_service,cap_sys_chroot,cap_setfcap
	capabilities CapEff
	assert_output "$default"
	capabilities CapBnd
	assert_output "$default"
	capabilities CapEff --cap-drop all
	assert_output ''
	run_script --cap-drop all 'touch /tmp/x; chown 1 /tmp/x 2>/dev/null || echo denied'
	assert_output denied
	capabilities CapEff --cap-drop all --cap-add net_admin
	assert_output cap_net_admin
	run_script --cap-add net_admin 'busybox ip link add name d0 type bridge && ls /sys/class/net' ||
		assert_has d0
	capabilities CapAmb --cap-drop all --cap-add net_admin --user 1000
	capabilities CapInh
	assert_output ''
}

@test "capabilities: a user other than root starts without" {
	run_script --user 1000 "grep -E '^Cap(Inh|Prm|Eff|Amb):' /proc/self/status | cut -f2 | sort -u"
	assert_output 0000000000000000
	# Those asked for by name are the user's too.
	run_script --user 1000 --cap-add net_raw "capsh --decode=\$(sed -n 's/^CapEff:\t//p' /proc/self/status)"
	assert_has cap_net_raw
}

@test "no-new-privileges: a set-user-id program gains nothing" {
	podman run --name "$C" debian sh -c 'cp /usr/bin/id /usr/local/bin/root-id; chmod 4755 /usr/local/bin/root-id'
	podman commit --quiet "$C" suid >/dev/null
	cleanup_later 'podman rmi --force suid >/dev/null'
	try podman run --rm --user 1000 suid root-id -u
	assert_output 0
	try podman run --rm --user 1000 --security-opt no-new-privileges suid root-id -u
	assert_output 1000
	podman rm "$C" >/dev/null
}

# bats test_tags=smoke
@test "seccomp: Podman's profile denies, unconfined does not" {
	# userfaultfd(UFFD_USER_MODE_ONLY): anybody may, but for the filter.
	local number try_it
	case $(uname -m) in
	x86_64) number=323 ;;
	*) number=282 ;;
	esac
	try_it="grep ^Seccomp: /proc/self/status
		perl -e 'print syscall($number, 1) >= 0 ? q(allowed) : qq(denied: \$!)'"
	run_script "$try_it"
	assert_output $'Seccomp:\t2\ndenied: Operation not permitted'
	run_script --security-opt seccomp=unconfined "$try_it"
	assert_output $'Seccomp:\t0\nallowed'
}

@test "seccomp: a profile of one's own" {
	cat >profile.json <<-'EOF'
		{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95},
			{"names": ["sethostname"], "action": "SCMP_ACT_KILL_PROCESS"}]}
	EOF
	run_script --security-opt "seccomp=$PWD/profile.json" 'mkdir /tmp/x; touch /tmp/y && echo touched'
	assert_has touched
	[[ $stderr == *"Operation not supported"* ]] || report "mkdir's error"
	run_script --security-opt "seccomp=$PWD/profile.json" --cap-add sys_admin 'hostname x; echo $?'
	assert_output 159
}

@test "masked and read-only paths, and --security-opt mask and unmask" {
	run_script 'cat /proc/kcore | wc -c; cat /proc/keys | wc -c; ls /sys/firmware | wc -l
		echo 1 >/proc/sys/kernel/sysrq || echo ro; echo b >/proc/sysrq-trigger || echo ro
		mkdir /sys/fs/cgroup/x || echo ro'
	assert_output $'0\n0\n0\nro\nro\nro'
	run_script --security-opt mask=/etc/passwd:/usr/share 'wc -c </etc/passwd; ls /usr/share | wc -l'
	assert_output $'0\n0'
	run_script --security-opt unmask=/proc/keys 'cat /proc/keys | wc -c'
	[[ $output -gt 0 ]] || report "/proc/keys is still masked"
}

@test "--privileged: all capabilities, devices, nothing masked, no filter" {
	run_script --privileged 'grep -E "^(CapEff|CapBnd|Seccomp):" /proc/self/status | cut -f2
		[ -e /dev/kmsg ] && echo devices; mkdir /mnt/x && mount -t tmpfs x /mnt/x && echo mounted
		(: >/proc/sys/kernel/hostname) && echo writable'
	assert_ok
	local all
	all=$(sed -n 's/^CapBnd:\t//p' /proc/self/status)
	assert_output "$all"$'\n'"$all"$'\n0\ndevices\nmounted\nwritable'
}

@test "the runtime's binary cannot be written from within" {
	local before
	before=$(sha256sum <"$HULL")
	# Tries to open whatever comes into the container for writing, again and again.
	podman run --detach --name "$C" debian perl -e '
		while (1) {
			for my $exe (glob("/proc/[0-9]*/exe")) {
				next if readlink($exe) =~ m(^/usr/bin/perl);
				next unless open(my $reader, "<", $exe);
				my $path = "/proc/self/fd/" . fileno($reader);
				for (1 .. 200) {
					next unless open(my $writer, "+<", $path);
					print $writer "overwritten";
					open(my $note, ">", "/written"); close($note);
				}
			}
		}' >/dev/null
	# A program that is the runtime itself, as CVE-2019-5736 had it.
	printf '#!/proc/self/exe\n' >script
	chmod +x script
	podman cp script "$C:/script"
	for _ in 1 2 3; do
		podman exec "$C" /proc/self/exe --version >/dev/null 2>&1 || true
		podman exec "$C" /script >/dev/null 2>&1 || true
	done
	assert_eq "$(sha256sum <"$HULL")" "$before"
}
