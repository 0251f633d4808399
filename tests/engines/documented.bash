# shellcheck shell=bash
# The configurations of docs/engines.md, as a user would copy them: the tests run with those.

# documented NAME: the block with that name, with the hull that is tested in the place of hull.
documented() {
	local text
	text=$(awk -v name="$1" '/^```/ { inside = !inside && $2 == name; next } inside' \
		"$(dirname "${BASH_SOURCE[0]}")/../../docs/engines.md")
	[[ -n $text ]] || fail "docs/engines.md has no block $1" || return
	printf '%s\n' "${text//\/usr\/local\/bin\/hull/$HULL}"
}
