#compdef hull
# hull's command line in zsh; `hull completion zsh` prints it, with the tables of the program behind.

# The containers of the state folder on the line whose status is one of these: "created|running".
_hull_containers() {
	local id pid state rest
	local -a found
	$hull_program ${hull_root:+--root} $hull_root list 2>/dev/null | while read -r id pid state rest; do
		[[ $id == ID && $pid == PID ]] || [[ $state != ${~1} ]] || found+=("$id")
	done
	_describe -t containers container found
}

# `hull image` knows itself what there is.
_hull_image() {
	local -a found
	found=("${(@f)$($hull_program ${hull_root:+--root} $hull_root image complete -- \
		"${(@)words[2,CURRENT-1]}" "$PREFIX" 2>/dev/null)}")
	compadd -- "${(@)found[2,-1]}"
	[[ $found[1] == words ]] || compset -P '--*=' || true
	case $found[1] in
	folders) _files -/ ;;
	files) _files ;;
	esac
}
