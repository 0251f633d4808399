# shellcheck shell=bash
# The rows of the benchmark's table, one function each; sourced by "run", whose variables and
# functions (in_view, measure, row) they use.
# shellcheck disable=SC2154

# Every function here is measured as "row_NAME"; this is the order of the table.
all="floor hull crun runc"
row_names=(run run_cold hybrid no_cgroup podman exec lifecycle containers at_once syscalls)

# The bundle that `runc spec` describes, back to back: wall time, CPU time, memory.
row_run() {
	compare_run run "$all" "$minimal" -r "$rounds"
	row run 'run' 0 wall_us 1.3 0.55
	row run 'run: CPU time' 0 cpu_us null null
	row run 'run: peak memory' 0 peak_kib null 0.7
}

# Half a second of idleness before each run: what a user who starts one container sees.
row_run_cold() {
	compare_run run_cold "$all" "$minimal" -r "$cold_rounds" -w 1 -i 500
	row run_cold 'run, cold' 0 wall_us 1.3 0.5
}

# Where the machine's own hierarchy is v1 or hybrid: the same there. crun refuses it.
row_hybrid() {
	[ "$view" = private ] || return 0
	view=host compare_run hybrid "floor hull runc" "$minimal" -r "$rounds"
	row hybrid 'run, all v1 hierarchies' 0 wall_us 1.3 null
}

# Without any cgroup, where the runtimes can: what is left is namespaces and mounts. An old crun
# (1.8, Debian 12) works without CAP_SYS_RESOURCE in no other way.
row_no_cgroup() {
	local -A command=()
	local -a before_run=(--cgroup-manager=disabled) before_floor=(--no-cgroup)
	local name path names=floor

	for name in hull crun; do
		path=$hull
		[ "$name" = hull ] || path=$(command -v "$name") || continue
		command[$name]=$path
		if runtime "$name" "${before_run[@]}" run --bundle "$minimal" "$id-probe"; then
			names+=" $name"
		fi
	done </dev/null >/dev/null 2>&1
	compare_run no_cgroup "$names" "$minimal" -r "$rounds"
	row no_cgroup 'run, without a cgroup' 0 wall_us null null
}

# What Podman asks of a runtime for `podman run --rm --network none debian /bin/true`.
row_podman() {
	compare_run podman "hull crun runc" "$podman" -r "$rounds"
	row podman "run, Podman's bundle" 0 wall_us null 0.55
	row podman "run, Podman's bundle: memory" 0 peak_kib null 0.7
}

row_exec() {
	local name pid commands=()

	for name in "${runtimes[@]}"; do
		sleeper_start "$name" "$id-$name-exec"
		commands+=(::: "$name" "${command[$name]}" --root "$tmp/$name" exec "$id-$name-exec" /bin/true)
	done
	pid=$(runtime hull state "$id-hull-exec" | jq .pid)
	commands+=(::: floor "$floor" --exec "$pid" /bin/true)
	compare exec -r "$rounds" "${commands[@]}"
	row exec 'exec' 0 wall_us null 0.6
	row exec 'exec: peak memory' 0 peak_kib null 0.7
	for name in "${runtimes[@]}"; do
		runtime "$name" delete --force "$id-$name-exec"
	done
}

# The three commands of an engine, each by itself. The wait before delete is not measured.
row_lifecycle() {
	local name base commands=()

	for name in "${runtimes[@]}"; do
		base=("${command[$name]}" --root "$tmp/$name")
		commands+=(::: "$name" "${base[@]}" create --bundle "$minimal" "$id-{}"
			:: "${base[@]}" start "$id-{}" ::wait "${base[@]}" delete "$id-{}")
	done
	compare lifecycle -r "$rounds" "${commands[@]}"
	row lifecycle 'create' 0 wall_us null null
	row lifecycle 'start' 1 wall_us null null
	row lifecycle 'delete' 2 wall_us null null
}

# Does hull get slower when there are many containers? The kernel does (floor shows how much), so
# hull is judged against itself with an empty state folder, in the same round.
row_containers() {
	local i hull_full=("$hull" --root "$tmp/hull") hull_empty=("$hull" --root "$tmp/empty")

	compare_run containers_none "floor hull crun" "$minimal" -r "$rounds"
	for ((i = 0; i < containers; i++)); do
		sleeper_start hull "$id-sleeper-$i"
	done
	compare_run containers_kernel "floor hull crun" "$minimal" -r "$rounds"
	compare containers -r "$rounds" \
		::: hull "${hull_full[@]}" run --bundle "$minimal" "$id-{}" \
		::: empty "${hull_empty[@]}" run --bundle "$minimal" "$id-{}"
	row containers_kernel "run, $containers present" 0 wall_us null null
	jq -n --slurpfile none "$tmp/containers_none.json" --slurpfile many "$tmp/containers_kernel.json" '
		def medians: .[0].commands | map({ key: .name, value: .steps[0].wall_us.median }) | from_entries;
		($none | medians) as $before
		| { title: "  / none present", unit: "x", measured: { none: $none[0], many: $many[0] },
			values: ($many | medians | with_entries(.value /= $before[.key])) }' >>"$tmp/rows"
	jq '.ratios["hull/empty"][0].wall_us as $ratio
		| { title: "  / none in its state folder", unit: "x", values: { hull: $ratio.paired },
			itself: 1.1, interval: [$ratio.low, $ratio.high], measured: . }' \
		"$tmp/containers.json" >>"$tmp/rows"
	containers_delete hull
}

# A hundred at once, until the last has ended.
row_at_once() {
	compare_run at_once "$all" "$minimal" -r "$crowd_rounds" -w 0 -j "$crowd"
	row at_once "$crowd x run at once" 0 wall_us null null
}

# System calls of all processes, the container's own included; not every sandbox lets us trace.
row_syscalls() {
	local name count counts='{}' argv

	command -v strace >/dev/null || return 0
	for name in floor "${runtimes[@]}"; do
		argv=("${command[$name]-}" --root "$tmp/$name" run --bundle "$minimal" "$id-strace")
		[ "$name" != floor ] || argv=("$floor" "$minimal")
		in_view strace -f -qq -c -o "$tmp/strace" "${argv[@]}" </dev/null >/dev/null || return 0
		count=$(awk '$NF == "total" { print $4 }' "$tmp/strace")
		counts=$(jq --arg name "$name" --argjson count "${count:-null}" '.[$name] = $count' <<<"$counts")
	done
	jq -n --argjson values "$counts" '
		def ratio($other): if $values[$other] then $values.hull / $values[$other] else null end;
		{ title: "run: system calls", unit: "", values: $values,
			floor: { ratio: ratio("floor") }, crun: { ratio: ratio("crun") } }' >>"$tmp/rows"
}
