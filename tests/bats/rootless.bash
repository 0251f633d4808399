# shellcheck shell=bash disable=SC2016,SC2034 # the container's own names; used by the files
# hull as an ordinary user, without privileges anywhere: user 54321, whom this machine does not know.
# What is claimed is looked at from outside, by root.

load setup

USER_ID=54321
RANGE=2000000 # the first of 65536 ids that some tests give the user
EXTRA=54399   # a supplementary group

setup_file() {
	# The user can reach it here, whatever the way to the checkout looks like.
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/file" "$BATS_FILE_TMPDIR"
	export USER_HULL=$BATS_FILE_TMPDIR/hull
	install -m 755 "$HULL" "$USER_HULL"
	# With these in the place of the machine's own: see as_user.
	mkdir "$BATS_FILE_TMPDIR/etc"
	cd "$BATS_FILE_TMPDIR/etc" || return
	{ cat /etc/passwd; echo "hulluser:x:$USER_ID:$USER_ID::/nonexistent:/bin/sh"; } >passwd
	{ cat /etc/group; echo "hulluser:x:$USER_ID:"; } >group
	echo "hulluser:$RANGE:65536" | tee subuid >subgid
}

eval "base_$(declare -f setup)"
setup() {
	base_setup
	XDG=$BATS_TEST_TMPDIR/xdg
	STATE=$XDG/hull
	RANGES=false GROUPS_OF_USER=--clear-groups FROM=
	# The programs in bin are links that all bundles share.
	chown "$USER_ID:$USER_ID" "$BUNDLE" "$ROOTFS" "$ROOTFS"/*
	install -d -m 700 -o "$USER_ID" -g "$USER_ID" "$XDG"
	rm config.json
	hull spec --rootless
	config '.process.terminal = false | .root.readonly = false'
}

# as_user COMMAND...: the user runs it. With $RANGES he has ranges in /etc/subuid and /etc/subgid,
# which only this process and its descendants see; with $FROM he starts in that cgroup (v2).
as_user() {
	local words=(setpriv --reuid="$USER_ID" --regid="$USER_ID" "$GROUPS_OF_USER"
		env HULL_BATS="$ID" HOME="$BUNDLE" USER=hulluser XDG_RUNTIME_DIR="$XDG" "$@")
	if $RANGES; then
		unshare --mount --propagation slave sh -c 'for file in passwd group subuid subgid; do
			[ -e /etc/$file ] || : >/etc/$file
			mount --bind "$0/$file" /etc/$file || exit
		done
		exec "$@"' "$BATS_FILE_TMPDIR/etc" "${words[@]}"
	elif [[ -n $FROM ]]; then
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$FROM" "${words[@]}"
	else
		"${words[@]}"
	fi
}

hull() {
	as_user timeout --foreground -s KILL "$HULL_TIMEOUT" "$USER_HULL" "$@" 3>&- 4>&-
}

# The ids of a process as the machine has them: real uid, real gid.
ids_of() { awk '/^[UG]id:/ { printf "%s ", $2 }' "/proc/$1/status"; }
in_map() { tr -s ' \n' ' ' <"/proc/$1/$2"; }

without_user_namespace() {
	without_namespace user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
}

# ranges_in_config: root is the user, 1 to 65536 are his ranges.
ranges_in_config() {
	RANGES=true
	config --argjson own "$USER_ID" --argjson first "$RANGE" '
		[{containerID: 0, hostID: $own, size: 1}, {containerID: 1, hostID: $first, size: 65536}] as $map
		| .linux.uidMappings = $map | .linux.gidMappings = $map'
}
