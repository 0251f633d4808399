# hull's command line in fish; `hull completion fish` prints it, with the tables of the program behind.

# The command in front of the cursor, the number of the operand there, and --root, a line each.
function __hull_line
	set -l command ''
	set -l operand 1
	set -l root ''
	set -l waiting ''
	for word in (commandline -opc)[2..]
		if test -n "$waiting"
			test "$command$waiting" = --root; and set root $word
			set waiting ''
		else if string match -q -- '--root=*' $word; and test -z "$command"
			set root (string replace -- --root= '' $word)
		else if string match -q -- '-?*' $word
			string match -q -- "* $word *" " "(__hull_valued "$command")" "; and set waiting $word
		else if test -z "$command"
			set command $word
		else
			set operand (math $operand + 1)
		end
	end
	printf '%s\n' "$command" $operand "$root"
end

# Is the command in front of the cursor this one, and the operand there that one?
function __hull_is
	set -l line (__hull_line)
	test "$line[1]" = "$argv[1]"; or return
	test (count $argv) -lt 2; or test "$line[2]" = "$argv[2]"
end

# The containers of the state folder on the line whose status is one of these; of any without.
function __hull_containers
	set -l root (__hull_line)[3]
	set -l program (commandline -opc)[1]
	test -n "$root"; and set root --root $root; or set root
	for row in ($program $root list 2>/dev/null)
		set -l columns (string split -n ' ' -- $row)
		test "$columns[1] $columns[2]" = 'ID PID'; and continue
		test (count $argv) = 0; or contains -- "$columns[3]" $argv; and echo $columns[1]
	end
end

# `hull image` knows itself what there is.
function __hull_image
	set -l root (__hull_line)[3]
	set -l typed (commandline -opc)
	set -l program $typed[1]
	set -l current (commandline -ct)
	test -n "$root"; and set root --root $root; or set root
	while set -q typed[1]; and test "$typed[1]" != image
		set -e typed[1]
	end
	set -l found ($program $root image complete -- $typed[2..] "$current" 2>/dev/null)
	switch "$found[1]"
		case folders
			__fish_complete_directories
		case files
			__fish_complete_path
	end
	string join \n -- $found[2..]
end
