#!/usr/bin/env zsh
# What zsh offers for a line: complete.zsh PATH-OF-HULL FILE-OF-THE-COMPLETION LINE. A zsh in a
# pseudo-terminal gets the line and a TAB; each candidate is printed when zsh adds it.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "
	PROMPT=; unsetopt zle_bracketed_paste; TERM=dumb; path=(${1:h} \$path); stty -echo
	autoload -Uz compinit; compinit -u -D; source $2
	zstyle ':completion:*' verbose no
	compadd() {
		local -a candidates
		[[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] || {
			builtin compadd -A candidates \"\$@\"
			(( \$#candidates == 0 )) || print -rl -- CANDIDATE:\${^candidates}
		}
		builtin compadd \"\$@\"
	}
	finish() { print -r -- END-OF-LIST }
	comppostfuncs=(finish)
	bindkey '^I' complete-word
	print -r -- READY-TO'-COMPLETE'"
zpty -r shell output '*READY-TO-COMPLETE*'
zpty -n -w shell "$3"$'\t'
zpty -r -m shell output '*END-OF-LIST*' || exit 1
zpty -d shell
for row in ${(f)output}; do
	row=${row%$'\r'}
	[[ $row == *CANDIDATE:* ]] && print -r -- ${row#*CANDIDATE:}
done
exit 0
