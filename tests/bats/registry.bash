# shellcheck shell=bash
# Registries on this machine, and images to go through them.

# programs_find: where the hull-image is that belongs to $HULL.
programs_find() {
	local beside
	for beside in "${HULL%/*}" "${HULL%/*}"/{glibc,sanitize}; do
		[[ ! -x $beside/hull-image ]] || break
	done
	[[ -x $beside/hull-image ]] || skip "hull-image is not built"
	IMAGE_PROGRAM=$beside/hull-image
	export IMAGE_PROGRAM
}

image() {
	timeout --foreground -s KILL "$HULL_TIMEOUT" "$IMAGE_PROGRAM" image --store "$STORE" "$@" 3>&- 4>&-
}

# layout_make FOLDER: the layout FOLDER/layout with the image "box" of two layers, made by umoci.
layout_make() {
	cd "$1" || return
	umoci init --layout layout
	umoci new --image layout:box
	umoci unpack --image layout:box box >unpack.log 2>&1
	mkdir -p box/rootfs/{bin,etc,tmp}
	cp "$(command -v busybox)" box/rootfs/bin/busybox
	echo one >box/rootfs/etc/one
	ln box/rootfs/etc/one box/rootfs/etc/linked
	umoci repack --image layout:box box >>repack.log 2>&1
	rm -rf box
	umoci unpack --image layout:box box >unpack.log 2>&1
	rm box/rootfs/etc/one
	echo two >box/rootfs/etc/two
	umoci repack --image layout:box box >>repack.log 2>&1
	umoci config --image layout:box --config.cmd sh --config.env COLOUR=red \
		--config.label org.example.kind=box
}

# spawn LOG COMMAND...: in the background, ended by servers_stop.
spawn() {
	local log=$1
	shift
	"$@" >"$log" 2>&1 3>&- 4>&- </dev/null &
	echo $! >>"$BATS_FILE_TMPDIR/servers"
	disown
}

servers_stop() {
	local pid
	[[ -e $BATS_FILE_TMPDIR/servers ]] || return 0
	while read -r pid; do
		kill "$pid" 2>/dev/null || true
	done <"$BATS_FILE_TMPDIR/servers"
}

free_port() {
	"$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# registry_start NAME [YAML LINE...]: Debian's registry; its address in FOLDER/NAME.address.
# The lines are those of "http" and of the outermost level.
registry_start() {
	local name=$1 folder=$BATS_FILE_TMPDIR port line
	shift
	port=$(free_port)
	{
		printf '%s\n' 'version: 0.1' 'log: {level: warn}' "storage: {filesystem: {rootdirectory: $folder/$name.data}}"
		printf '%s\n' 'http:' "  addr: 127.0.0.1:$port" '  secret: test'
		for line; do printf '%s\n' "$line"; done
	} >"$folder/$name.yml"
	spawn "$folder/$name.log" docker-registry serve "$folder/$name.yml"
	echo "127.0.0.1:$port" >"$folder/$name.address"
	wait_until listens "$port"
}
listens() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# hostile_start LAYOUT: tests/image/registry.py; its files in $BATS_FILE_TMPDIR/hostile.
hostile_start() {
	mkdir -p "$BATS_FILE_TMPDIR/hostile"
	spawn "$BATS_FILE_TMPDIR/hostile/log" "$PYTHON" "$BATS_TEST_DIRNAME/../image/registry.py" "$1" \
		"$BATS_FILE_TMPDIR/hostile"
	wait_until test -s "$BATS_FILE_TMPDIR/hostile/port"
}
