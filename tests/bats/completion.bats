#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # $names in single quotes are another shell's; try sets $stderr
# hull completion: the shells themselves are asked what they offer for a line.

load setup

setup_file() { if $PEER; then skip "hull's own command"; fi; }

# The shells that are here; the first test tells which are not.
SHELLS=(bash)
for shell in zsh fish; do
	if command -v "$shell" >/dev/null; then SHELLS+=("$shell"); fi
done

# offers SHELL LINE: what SHELL offers for the end of LINE, sorted. hull in it is this one.
offers() {
	local file=$BATS_TEST_TMPDIR/completion.$1
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	# A state folder of the test's own, and hull by its name.
	printf '#!/bin/sh\nexec env "%s" "%s" "$@"\n' "$MARK" "$HULL" >"$BATS_TEST_TMPDIR/bin/hull"
	chmod +x "$BATS_TEST_TMPDIR/bin/hull"
	hull completion "$1" >"$file"
	case $1 in
	bash)
		# As readline does it: "=" ends a word.
		env "PATH=$BATS_TEST_TMPDIR/bin:$PATH" bash --norc --noprofile -c '
			source "$1"
			COMP_LINE=$2
			read -ra COMP_WORDS <<<"${2//=/ = }"
			[[ $2 != *" " ]] || COMP_WORDS+=("")
			COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
			compopt() { :; }
			_hull
			printf "%s\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}' _ "$file" "$2"
		;;
	zsh) timeout 20 "$BATS_TEST_DIRNAME/complete.zsh" "$BATS_TEST_TMPDIR/bin/hull" "$file" "$2" ;;
	fish)
		env "PATH=$BATS_TEST_TMPDIR/bin:$PATH" "HOME=$BATS_TEST_TMPDIR" "XDG_CONFIG_HOME=$BATS_TEST_TMPDIR" \
			fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$file" "$2" | cut -f 1
		;;
	esac | sed -E 's|^--[a-z-]+=||; s|/$||' | grep . | sort -u
}

# assert_offers LINE WORD...: all shells offer just these; with "..." as last word, these among others.
assert_offers() {
	local shell line=$1 found word
	shift
	for shell in "${SHELLS[@]}"; do
		found=$(offers "$shell" "$line") || true
		if [[ ${!#} == ... ]]; then
			for word in "${@:1:$#-1}"; do
				grep -qxF -- "$word" <<<"$found" || fail "$shell: '$line' lacks $word:" "$found"
			done
		else
			[[ $found == "$(printf '%s\n' "$@" | grep . | sort -u)" ]] ||
				fail "$shell: '$line' offers" "$found"
		fi
	done
}

@test "completion: all shells are here to be asked" {
	[[ ${#SHELLS[@]} -eq 3 ]] || skip "only ${SHELLS[*]}: \`make deps\` installs the others"
}

@test "completion: scripts that the shells read, and no other shell" {
	local shell
	for shell in "${SHELLS[@]}"; do
		hull completion "$shell" >"$BATS_TEST_TMPDIR/script"
		"$shell" -n "$BATS_TEST_TMPDIR/script"
	done
	if command -v shellcheck; then hull completion bash | shellcheck -s bash -; fi
	try hull completion tcsh
	assert_error tcsh "bash, zsh or fish"
	try hull --help
	assert_lacks completion
}

@test "completion: every command, and options in front of it" {
	# shellcheck disable=SC2046 # words
	assert_offers "hull " image $(hull --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z]*\) .*/\1/p')
	assert_offers "hull res" restore resume
	assert_offers "hull --log-l" --log-level
	assert_offers "hull --root /tmp resu" resume
	assert_offers "hull --log-format=json resu" resume
}

@test "completion: every option of every command, as --help names them" {
	local command shell line
	for command in $(hull --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		hull "$command" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' |
			sort -u >expected
		# What zsh offers takes a shell for each; one of them is asked below.
		for shell in "${SHELLS[@]}"; do
			[[ $shell != zsh ]] || continue
			offers "$shell" "hull $command --" >found
			diff expected found || fail "$shell: $command"
		done
	done
	assert_offers "hull list --" --format --help --quiet
}

@test "completion: the values of options, and all of them are taken" {
	assert_offers "hull --log-format " json text
	assert_offers "hull --log-format=j" json
	assert_offers "hull --log-level " debug error info warning
	assert_offers "hull list --format " json table
	assert_offers "hull list -f " json table
	assert_offers "hull --rootless " auto false true
	assert_offers "hull exec --cap CAP_CHO" CAP_CHOWN
	local option value
	for option in --log-format --log-level --rootless --cgroup-manager; do
		for value in $(offers bash "hull $option "); do
			try hull "$option" "$value" list
			assert_ok
		done
	done
	for value in $(offers bash "hull list --format "); do
		try hull list --format "$value"
		assert_ok
	done
}

@test "completion: folders and files" {
	mkdir -p one/two
	touch one/file
	[[ $(offers bash "hull run --bundle one/") == one/two ]]
	[[ $(offers bash "hull run --pid-file one/f") == one/file ]]
	if [[ " ${SHELLS[*]} " == *" fish "* ]]; then
		[[ $(offers fish "hull run --bundle one/") == one/two ]]
		offers fish "hull run --pid-file one/f" | grep -qx one/file
	fi
	if [[ " ${SHELLS[*]} " == *" zsh "* ]]; then
		[[ $(offers zsh "hull run --bundle one/") == two ]]
		offers zsh "hull run --pid-file one/f" | grep -qx file
	fi
}

@test "completion: containers in the state that the command is for" {
	run_sleeper
	payload true
	hull create "$ID-made" >/dev/null 2>&1 </dev/null
	local root="hull --root $STATE"
	assert_offers "$root start " "$ID-made"
	assert_offers "$root state " "$ID" "$ID-made"
	assert_offers "$root delete --force " "$ID" "$ID-made"
	assert_offers "$root kill " "$ID" "$ID-made"
	assert_offers "$root resume " ""
	assert_offers "$root run " ""
	assert_offers "$root create --bundle . " ""
	hull pause "$ID"
	assert_offers "$root resume " "$ID"
	assert_offers "$root exec " "$ID-made"
	assert_offers "$root exec --user 0 -t " "$ID-made"
	assert_offers "hull --root $BATS_TEST_TMPDIR/none state " ""
	hull resume "$ID"
	hull delete --force "$ID-made"
}

@test "completion: what follows the container" {
	assert_offers "hull kill box KI" KILL
	assert_offers "hull kill box " ABRT CHLD HUP KILL TERM USR1 WINCH ...
	assert_offers "hull exec box mkfif" mkfifo
	assert_offers "hull doctor root" rootless
	assert_offers "hull mounts " add remove
	assert_offers "hull tenant " delete list set show
	assert_offers "hull update --cpu-idle " 0 1
	# shellcheck disable=SC2046 # words
	assert_offers "hull doctor " $(/usr/bin/env PATH=/nonexistent "$HULL" doctor --json | jq -r '.capabilities | keys[]')
	assert_offers "hull completion " bash fish zsh
	# Every signal that is offered is one.
	local signal
	run_sleeper
	for signal in $(offers bash "hull kill box "); do
		try hull kill "$ID-none" "$signal"
		assert_error "does not exist"
		[[ $signal != CONT ]] || hull kill "$ID" "$signal"
	done
}

@test "completion: hull image, which is asked itself" {
	local store=$BATS_TEST_TMPDIR/store line command
	[[ -x ${HULL%/*}/hull-image ]] || skip "hull-image is not beside this hull"
	assert_offers "hull image --store $store pu" pull push
	line="hull --root $STATE image --store $store"
	# From here on the way of all shells is the same; what hull-image says is asked of it alone.
	says() { hull image --store "$store" complete -- "$@" | tail -n +2; }
	# shellcheck disable=SC2046 # words
	assert_eq "$(says '')" "$(hull image --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z]*\) .*/\1/p')"
	for command in pull run lock; do
		assert_eq "$(says "$command" -- | sort -u)" "$(hull image "$command" --help |
			grep -oE '^ +(-[a-zA-Z], )?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+' | sort -u)"
	done
	assert_eq "$(says remove '')" ""
	not test -e "$store"
	tar -C rootfs -cf root.tar bin/busybox
	hull image --store "$store" import --quiet root.tar box:1 >/dev/null
	hull image --store "$store" import --quiet root.tar registry.example/lab/tools:2 >/dev/null
	assert_offers "$line remove " box:1 docker.io/library/box:1 registry.example/lab/tools:2
	assert_eq "$(says remove box:1 reg)" registry.example/lab/tools:2
	assert_eq "$(says run --cpu-model x86-64-v2 bo)" box:1
	assert_eq "$(says run --pull n)" never
	assert_eq "$(says run box:1 -)" ""
	assert_eq "$(says copy oci)" $'oci:\noci-archive:'
	assert_offers "$line run --network=ho" host
	# Files beside the words, and behind the colon only what bash has not made a word of its own.
	assert_offers "$line run root." root.tar
	[[ $(offers bash "$line run --env-file=conf") == config.json ]]
	[[ $(offers bash "$line remove docker.io/library/box:") == 1 ]]
	run_sleeper
	[[ $(offers bash "$line exec ") == "$ID" ]]
}

@test "completion: a TAB in bash itself" {
	hull completion bash >"$BATS_TEST_TMPDIR/script"
	INPUTRC=/dev/null "$PYTHON" - "$BATS_TEST_TMPDIR/script" <<-'END' >"$BATS_TEST_TMPDIR/typed"
		import os, pty, sys, time, select
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
		def send(text): os.write(fd, text.encode())
		def read_until(word):
		    seen = b""
		    while word.encode() not in seen:
		        if not select.select([fd], [], [], 20)[0]: sys.exit(f"no {word}: {seen}")
		        seen += os.read(fd, 4096)
		    return seen
		send(f"hull() {{ :; }}; PS1=; source {sys.argv[1]}; echo rea''dy\n")
		read_until("ready")
		send("echo hull; hull feat\t && echo done''!\n")
		read_until("features")
		send("exit\n")
		os.waitpid(pid, 0)
		print("completed")
	END
	assert_eq "$(<"$BATS_TEST_TMPDIR/typed")" completed
}

@test "make install: hull, its pages, its completion; make uninstall takes all away" {
	command -v make >/dev/null || skip "no make here"
	local to=$BATS_TEST_TMPDIR/to top=$BATS_TEST_DIRNAME/../.. file
	# As it is: nothing is built.
	local make=(make -s -C "$top" -o all "BIN=${HULL%/*}" "DESTDIR=$to" PREFIX=/usr)
	"${make[@]}" install
	cmp "$HULL" "$to/usr/bin/hull"
	for file in bash:bash-completion/completions/hull zsh:zsh/site-functions/_hull \
		fish:fish/vendor_completions.d/hull.fish; do
		cmp <(hull completion "${file%%:*}") "$to/usr/share/${file#*:}"
	done
	for file in hull $(hull --help | sed -n '/^Commands:$/,/^$/s/^  \([a-z]*\) .*/hull-\1/p'); do
		[[ -s $to/usr/share/man/man1/$file.1 ]] || fail "no page $file"
	done
	"${make[@]}" uninstall
	assert_eq "$(find "$to" -type f)" ""
}
