# bench.json as the table that people read.
def right($width): tostring | " " * ([$width - length, 0] | max) + .;
def left($width): tostring | . + " " * ([$width - length, 0] | max);
def digits($n): . * pow(10; $n) | round | tostring
	| if length <= $n then "0" * ($n + 1 - length) + . else . end
	| .[:-$n] + "." + .[-$n:];
def value($unit):
	if . == null then "-"
	elif $unit == "" then tostring
	else digits(2) + " " + $unit end;
def judged($budget):
	if . == null then "-"
	elif $budget == null then digits(2)
	else digits(2) + " (\($budget)) " + (if . <= $budget then "ok  " else "over" end) end;
def line($cells):
	($cells[0] | left(30)) + ([$cells[1:5][] | right(11)] | join("")) + "   "
	+ ($cells[5] | left(18)) + ($cells[6] | left(18)) | sub(" +$"; "");

(.header |
	"\(.date)  \(.kernel)  \(.cpus) x \(.model)  load \(.load)",
	(.versions | to_entries[] | "\(.key): \(.value)"),
	(if .view == "private" then
		"cgroups: the v2 tree alone, in a mount namespace (this machine has v1 hierarchies, which crun refuses)"
	else "cgroups: v2" end),
	"medians; ratios are medians of the ratios round by round; (budget) ok or over"),
"",
line(["what", "hull", "floor", "crun", "runc", "hull/floor", "hull/crun"]),
(.rows[] | . as $row | line([.title]
	+ [("hull", "floor", "crun", "runc") as $name | $row.values[$name]
		| if $row.itself != null and $name == "hull" then judged($row.itself) else value($row.unit) end]
	+ [(.floor.ratio | judged($row.floor.budget)), (.crun.ratio | judged($row.crun.budget))]))
