# One row of the table from what pair measured: values are medians, ratios the medians of the
# ratios round by round. Arguments: title step metric floor crun (budgets or null) file.
def ratio($other): .ratios["hull/" + $other][$step][$metric] // null;
{
	title: $title,
	unit: (if $metric == "peak_kib" then "MiB" else "ms" end),
	values: (.commands | map({ key: .name, value: (.steps[$step][$metric].median / (if $metric == "peak_kib" then 1024 else 1000 end)) }) | from_entries),
	floor: { ratio: ratio("floor").paired, interval: [ratio("floor").low, ratio("floor").high], of_medians: ratio("floor").of_medians, budget: $floor },
	crun: { ratio: ratio("crun").paired, interval: [ratio("crun").low, ratio("crun").high], of_medians: ratio("crun").of_medians, budget: $crun },
	measured: { file: $file, rounds: .rounds, idle_ms: .idle_ms, copies: .copies,
		commands: (.commands | map({ key: .name, value: .steps[$step][$metric] }) | from_entries) }
}
