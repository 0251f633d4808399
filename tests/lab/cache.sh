# shellcheck shell=bash
# The lab's cache: directories named NAME-STAMP, each built once and never changed afterwards.
# The stamp is a hash of what the entry is built from, so a change of the recipe builds a new one.

cache_locks=()
cache_root=${HULL_CACHE:-/var/cache/hull-tests}

lab_fail() {
	echo "lab: $*" >&2
	exit 125
}

# Prints the stamp of the given files and words: the first 12 digits of a hash.
cache_stamp() {
	local item
	for item in "$@"; do
		if [[ $item == /* && -f $item ]]; then cat "$item"; else printf '%s\n' "$item"; fi
	done | sha256sum | cut -c 1-12
}

# cache_entry NAME STAMP BUILDER: sets $entry to the directory of NAME-STAMP. When it is missing,
# calls "BUILDER DIRECTORY", which fills an empty directory that is renamed when it is complete.
# The caller holds a shared lock on the entry (its descriptor goes into cache_locks) until it ends.
cache_entry() {
	local lock
	entry=$cache_root/$1-$2
	mkdir -p "$cache_root"
	exec {lock}>>"$entry.lock"
	cache_locks+=("$lock")
	flock -s "$lock"
	if [ ! -d "$entry" ]; then
		flock -x "$lock"
		[ -d "$entry" ] || cache_build "$@"
		flock -s "$lock"
	fi
	touch "$entry.lock"
}

cache_build() {
	local new=$cache_root/$1-$2.new
	echo "lab: building $1-$2 in $cache_root" >&2
	cache_prune
	rm -rf --one-file-system "$new"
	mkdir -m 755 "$new"
	if ! "$3" "$new" >"$new.log" 2>&1 </dev/null; then
		tail -n 15 "$new.log" >&2
		lab_fail "building $1 failed; the whole log is $new.log"
	fi
	rm -f "$new.log"
	mv -T "$new" "$cache_root/$1-$2"
}

# Removes entries that nobody used for a week; whoever uses one holds its lock.
cache_prune() {
	local lock
	find "$cache_root" -maxdepth 1 -name '*.lock' -mtime +7 | while read -r lock; do
		flock -xn "$lock" rm -rf --one-file-system "${lock%.lock}" "${lock%.lock}.new" || :
	done
}
