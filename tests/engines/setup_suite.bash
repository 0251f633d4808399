# shellcheck shell=bash
# One store for all tests of a run; it goes away at the end.

setup_suite() {
	STORE=$(mktemp -d /tmp/hull-engines.XXXXXX)
	export STORE
	# Containers in user namespaces have to reach their root file systems.
	chmod a+x "$STORE"
	# shellcheck source-path=SCRIPTDIR source=podman.bash
	. "$BATS_TEST_DIRNAME/podman.bash"
	store_configure >"$STORE/containers.conf"
}

teardown_suite() {
	[[ -n ${STORE-} ]] || return 0
	podman system reset --force >/dev/null 2>&1 || true
	local target
	while read -r _ _ _ _ target _; do
		[[ $target != "$STORE/"* ]] || umount -l "$target" || true
	done < <(tac /proc/self/mountinfo)
	rm -rf "$STORE"
}
