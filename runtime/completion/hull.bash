# hull's command line in bash; `hull completion bash` prints it, with the tables of the program behind.
# shellcheck shell=bash disable=SC2034,SC2154 # the tables are read and set by name

# The containers of the state folder on the line whose status is one of these: "created|running".
_hull_containers() {
	local id pid state rest
	# shellcheck disable=SC2053 # a pattern
	"$program" ${root:+--root "$root"} list 2>/dev/null | while read -r id pid state rest; do
		[[ $id == ID && $pid == PID || "|$1|" != *"|$state|"* && $1 != '*' ]] || printf '%s\n' "$id"
	done
}

# What of a place's kind begins with the current word.
_hull_reply() {
	case $kind in
	folders)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames 2>/dev/null
		;;
	files)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames 2>/dev/null
		;;
	programs) mapfile -t COMPREPLY < <(compgen -c -- "$current") ;;
	containers) mapfile -t COMPREPLY < <(compgen -W "$(_hull_containers "$words")" -- "$current") ;;
	words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
	esac
}

# `hull image` knows itself what there is. Bash makes words of what is around "=" and ":"; so what stands
# in front of the last of them is on the line already.
_hull_image() {
	local line=${COMP_LINE:0:${COMP_POINT:-${#COMP_LINE}}} before word
	local -a typed found
	local -i at=1
	read -ra typed <<<"$line"
	[[ $line != *[[:space:]] ]] || typed+=('')
	while ((at < ${#typed[@]})) && [[ ${typed[at]} != image ]]; do at+=1; done
	mapfile -t found < <("$program" ${root:+--root "$root"} image complete -- "${typed[@]:at+1}" 2>/dev/null)
	kind=${found[0]-}
	[[ $kind == words ]] || _hull_reply
	before=${typed[${#typed[@]} - 1]}
	before=${before%"${before##*["$COMP_WORDBREAKS"]}"}
	for word in "${found[@]:1}"; do
		COMPREPLY+=("${word#"$before"}")
	done
}

# One word in front of the current one. Bash makes three of "--name=value".
_hull_word() {
	if [[ $1 == = ]]; then
		waiting=$last
	elif [[ -n $waiting ]]; then
		[[ -n $command || $waiting != --root ]] || root=$1
		waiting=
	elif ((only_operands)); then
		operands+=1
	elif [[ $1 == -- ]]; then
		only_operands=1
	elif [[ $1 == --root=* && -z $command ]]; then
		root=${1#*=}
	elif [[ $1 == -?* ]]; then
		last=$1
		[[ $valued != *" $1 "* ]] || waiting=$1
	elif [[ -z $command ]]; then
		command=$1 valued=''
		_hull_table "$command"
	else
		operands+=1 only_operands=$in_order
	fi
}

_hull() {
	local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} root='' command='' last='' waiting=''
	local options='' valued='' in_order=0 only_operands=0 kind='' words='' word
	local -i operands=0
	COMPREPLY=()
	_hull_table ''
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		_hull_word "$word"
	done
	if [[ $current == = ]]; then
		current='' waiting=$last
	fi
	if [[ $command == image ]]; then
		_hull_image
		return
	fi
	if [[ -n $waiting ]]; then
		_hull_value "$command $waiting"
	elif [[ $current == -* ]] && ! ((only_operands)); then
		kind=words words=$options
	elif [[ -z $command ]]; then
		kind=words words=$_hull_commands
	else
		_hull_operand "$command $((operands + 1))"
	fi
	_hull_reply
}

complete -F _hull hull
