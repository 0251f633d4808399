#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are the container's own; try sets $stderr
# shellcheck disable=SC2030,SC2031 # tests are subshells to shellcheck
# The tenants' file, by `hull tenant` and by hand; and what `hull spec --check` says of weights.

load setup

eval "suite_$(declare -f setup)"
setup() {
	suite_setup
	# Names of tenants have small letters.
	T=${ID,,}
	export HULL_TENANTS=$BATS_TEST_TMPDIR/etc/tenants.json
}

tenant_set() { hull tenant set "$@"; }

# ---- the file ----------------------------------------------------------------------------------------

@test "set, list, show, delete: a file that people can read, sorted and whole" {
	tenant_set zoo --weight 50
	tenant_set acme --weight 300 --cpus 1.5 --memory 4g
	try cat "$HULL_TENANTS"
	assert_output '{
  "version": 1,
  "tenants": {
    "acme": {
      "weight": 300,
      "cpus": "1.5",
      "memory": "4g"
    },
    "zoo": {
      "weight": 50
    }
  }
}'
	assert_eq "$(stat -c %a "$HULL_TENANTS")" 644
	# What is not given stays; "none" takes away.
	tenant_set acme --cpus none --memory 8g
	tenant_set standard
	try hull tenant list
	[[ $output =~ acme\ +300\ +-\ +8g\ +-\ +0\ +file ]] || report "acme is not as it was set"
	[[ $output =~ standard\ +100\  ]] || report "the standard weight is not 100"
	try hull tenant list -f json
	assert_eq "$(jq -c 'map([.name, .weight, .memory])' <<<"$output")" \
		'[["acme",300,"8g"],["standard",100,null],["zoo",50,null]]'
	try hull tenant show zoo
	assert_eq "$(jq -c '[.weight, .inFile, .containers]' <<<"$output")" '[50,true,[]]'
	hull tenant delete zoo
	try hull tenant show zoo
	assert_error zoo acme
	try hull tenant delete zoo
	assert_error "no tenant zoo" "$HULL_TENANTS"
}

@test "bad input: one line, and nothing is changed" {
	tenant_set "$T" --weight 7
	cp "$HULL_TENANTS" before
	local value
	for value in 0 10001 abc -1 1.5 '' 99999999999999999999 '1 '; do
		try hull tenant set "$T" --weight "$value"
		assert_error --weight "1 to 10000" "\"$value\""
	done
	for value in 0 0.001 8193 1.2345 1. .5 abc -1 1e3; do
		try hull tenant set "$T" --cpus "$value"
		assert_error "$T" cpus "\"$value\""
	done
	for value in 0 lots -1 5q; do
		try hull tenant set "$T" --memory "$value"
		assert_error "$T" memory "\"$value\""
	done
	for value in 2s soon -1 1ns; do
		try hull tenant set "$T" --rt-budget "$value"
		assert_error "$T" rtBudget "\"$value\""
	done
	for value in '' A .a a/b ../a 'a b' "$(printf 'a%.0s' {1..64})"; do
		try hull tenant set "$value" --weight 1
		assert_error "must be 1 to 63"
	done
	try hull tenant
	assert_error "an argument is missing"
	try hull tenant make "$T"
	assert_error "set, list, show or delete"
	try hull tenant set --weight 5
	assert_error "name is missing"
	try hull tenant list "$T"
	assert_error "no name"
	try hull tenant show "$T" --weight 5
	assert_error "hull tenant set"
	try hull tenant list -f xml
	assert_error "table or json"
	cmp before "$HULL_TENANTS"
}

@test "a file that somebody has broken: where, and it is left alone" {
	mkdir -p "${HULL_TENANTS%/*}"
	local text
	while IFS='|' read -r text wanted; do
		printf '%s' "$text" >"$HULL_TENANTS"
		cp "$HULL_TENANTS" before
		try hull tenant set "$T" --weight 5
		assert_error "$HULL_TENANTS" "$wanted"
		try hull tenant list
		assert_error "$wanted"
		try hull run --tenant "$T" "$ID"
		assert_error "$wanted"
		cmp before "$HULL_TENANTS"
	done <<'END'
{"version": 1, "tenants": {"a": {"weight": 1},}}|json
{"version": 2, "tenants": {}}|version: must be 1
{"tenants": {}}|version: is required
{"version": 1, "tenants": [], "x": 1}|x: is no field
{"version": 1, "tenants": []}|tenants: must be an object
{"version": 1, "tenants": {"a": {"wieght": 3}}}|tenants.a.wieght: is no field
{"version": 1, "tenants": {"a": {"weight": 0}}}|tenants.a.weight: must be 1 to 10000
{"version": 1, "tenants": {"a": {"weight": "5"}}}|tenants.a.weight: must be a whole number
{"version": 1, "tenants": {"a": {"cpus": "many"}}}|tenants.a.cpus
{"version": 1, "tenants": {"a": {}, "a": {}}}|tenants.a: is given twice
{"version": 1, "tenants": {"A": {}}}|must be 1 to 63
END
	# Numbers may stand without quotes.
	echo '{"version": 1, "tenants": {"a": {"cpus": 0.5, "memory": 1048576}}}' >"$HULL_TENANTS"
	hull tenant list
	hull tenant set a
}

@test "two admins at once: no update is lost" {
	local n pids=()
	for n in {1..12}; do
		tenant_set "t$n" --weight "$((n + 1))" &
		pids+=($!)
		tenant_set same "$([[ $((n % 2)) == 0 ]] && echo --cpus || echo --memory)" "$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
	try jq -c '[(.tenants | length), ([.tenants[].weight] | add),
		(.tenants.same | has("cpus") and has("memory"))]' "$HULL_TENANTS"
	assert_output '[13,190,true]'
	assert_eq "$(ls "${HULL_TENANTS%/*}")" tenants.json
}

# ---- weights -----------------------------------------------------------------------------------------

@test "spec --check: says which limits defeat weights, and what is invalid" {
	try hull spec --check
	assert_ok
	assert_output ''
	config '.linux.resources.cpu = {quota: 10000, period: 100000}'
	try hull spec --check "$BUNDLE"
	assert_ok
	assert_has "linux.resources.cpu.quota: at most 0.10 of" "without burst" "less than its weight of 100"
	config '.linux.resources.cpu = {quota: 10000, burst: 10000, weight: 1}'
	try hull spec --check config.json
	assert_lacks "without burst"
	config '.linux.resources.cpu = {quota: 800000000, period: 100000}'
	try hull spec --check
	assert_output ''
	config '.linux.resources.cpu = {shares: 2048}'
	try hull spec --check
	assert_has "2048 is 2 times" "cpu.weight 174" "1.74 times" "cpu.weight 200"
	config '.linux.resources.cpu = {shares: 1024}'
	try hull spec --check
	assert_output ''
	config '.linux.resources.cpu = {weight: 10001}'
	try hull spec --check
	assert_error "config.json: linux.resources.cpu.weight: must be 1 to 10000, got 10001"
	try hull spec --check no-such-file
	assert_error "no-such-file"
	try hull spec no-such-folder
	assert_error --check
}
