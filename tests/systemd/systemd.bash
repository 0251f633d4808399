# shellcheck shell=bash
# Loaded by every file: the suite of tests/bats on a machine that systemd runs, with hull told to
# have its cgroups made by systemd. After each test no unit of it may be left either.

[[ -d /run/systemd/system ]] || {
	echo "these tests need a machine that systemd runs: tests/check --only systemd" >&2
	exit 1
}
# shellcheck source-path=SCRIPTDIR source=../bats/setup.bash
. "$(dirname "${BASH_SOURCE[0]}")/../bats/setup.bash"

# In place of the suite's: `hull` gets the option, `hull_plain` does not.
hull() { hull_plain --systemd-cgroup "$@"; }
hull_plain() {
	HULL_BATS=$ID timeout --foreground -s KILL "$HULL_TIMEOUT" "$HULL" --root "$STATE" "$@" 3>&- 4>&-
}

# unit: the container's, unless the test has set UNIT.
unit() { printf '%s\n' "${UNIT:-hull-$ID.scope}"; }

# property NAME: of the container's unit.
property() { systemctl show --property "$1" --value "$(unit)"; }

# assert_properties NAME=VALUE...: all of them, asked for at once.
assert_properties() {
	local line names=()
	for line; do names+=(--property "${line%%=*}"); done
	output=$(systemctl show "${names[@]}" "$(unit)")
	assert_line "$@"
}

# group: the folder of the unit's group.
group() { printf '/sys/fs/cgroup%s\n' "$(property ControlGroup)"; }

# units: those of this test, also those that have failed.
units() { systemctl list-units --all --plain --no-legend --no-pager "*$ID*" | cut -d ' ' -f 1; }
no_units() { [[ -z $(units) ]]; }

# On top of the suite's: systemd forgets a unit a moment after its last process.
eval "suite_$(declare -f assert_nothing_left)"
assert_nothing_left() {
	local n
	suite_assert_nothing_left "$@" || return
	for ((n = 0; n < 50; n++)); do
		no_units && return 0
		nap 0.1
	done
	fail "units left behind:" "$(units)"
}
