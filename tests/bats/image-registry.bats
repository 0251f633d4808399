#!/usr/bin/env bats
# shellcheck disable=SC2154 # status, output, stderr come from setup.bash
# shellcheck disable=SC2016 # dollars in single quotes are a password's or a script's
# Images through registries: Debian's with and without TLS and passwords, and one that lies.
# umoci and skopeo write what hull reads, and read what hull writes.

load setup
load registry

setup_file() {
	programs_find
	layout_make "$BATS_FILE_TMPDIR"
	cd "$BATS_FILE_TMPDIR" || return
	registry_start plain
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem \
		-out cert.pem -days 2 -subj /CN=hull -addext subjectAltName=IP:127.0.0.1 2>openssl.log
	# "secret", by bcrypt: nothing else does for this registry.
	echo 'user:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a' >htpasswd
	registry_start secure "  tls: {certificate: $PWD/cert.pem, key: $PWD/key.pem}" \
		'auth:' "  htpasswd: {realm: hull, path: $PWD/htpasswd}"
	mkdir certs
	cp cert.pem certs/ca.crt
	umoci unpack --image layout:box oracle >oracle.log 2>&1
	skopeo copy -q --dest-tls-verify=false oci:layout:box "docker://$(<plain.address)/lab/box:1"
	hostile_start "$PWD/layout"
}

teardown_file() { servers_stop; }

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	STORE=$BATS_TEST_TMPDIR/store
	LAYOUT=$BATS_FILE_TMPDIR/layout
	# What umoci makes of it.
	ORACLE=$BATS_FILE_TMPDIR/oracle/rootfs
	PLAIN=$(<"$BATS_FILE_TMPDIR/plain.address")
	SECURE=$(<"$BATS_FILE_TMPDIR/secure.address")
	HOSTILE=127.0.0.1:$(<"$BATS_FILE_TMPDIR/hostile/port")
	REQUESTS=$BATS_FILE_TMPDIR/hostile/requests
	# Nobody's own credentials and mirrors.
	export HOME=$BATS_TEST_TMPDIR/home XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/runtime
	mkdir -p "$HOME" "$XDG_RUNTIME_DIR"
	: >"$HOME/registries.conf"
	export CONTAINERS_REGISTRIES_CONF=$HOME/registries.conf
}

teardown() {
	[[ ! -d gnupg ]] || gpgconf --homedir "$PWD/gnupg" --kill gpg-agent
	cd /
}

digest_of() { jq -r '.manifests[0].digest' "$1/index.json"; }
# hostile FAULT [OPTION...]: a pull of the registry that has it.
hostile() { try image pull --plain-http "${@:2}" "$HOSTILE/$1/box:1"; }
requests() { grep -c "$1" "$REQUESTS" || true; }

# assert_clean: no name, nothing to repair.
assert_clean() {
	try image list -q
	assert_output ''
	try image check
	assert_ok
	assert_has ": 0 problems"
}

# same_files NAME: the image's files are those that umoci unpacks.
same_files() {
	image export "$1" dir:out
	diff -r out "$ORACLE"
	diff <(inventory out) <(inventory "$ORACLE")
}

inventory() { (cd "$1" && find . -printf '%P %y %m %n %l\n' | sort); }

@test "pull: the digest is printed, the files are those that umoci unpacks" {
	try image pull --plain-http "$PLAIN/lab/box:1"
	assert_ok
	assert_output "$(digest_of "$LAYOUT")"
	same_files "$PLAIN/lab/box:1"
}

@test "pull by digest; the same again fetches no layer" {
	try image pull --plain-http "$PLAIN/lab/box@$(digest_of "$LAYOUT")"
	assert_ok
	try image -v pull --plain-http "$PLAIN/lab/box:1"
	assert_ok
	[[ $(grep -c 'already here' <<<"$stderr") == 2 ]] || report "layers came again"
}

@test "a registry without TLS is refused until it is allowed" {
	try image pull "$PLAIN/lab/box:1"
	assert_error "--plain-http"
	assert_clean
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$PLAIN" >"$CONTAINERS_REGISTRIES_CONF"
	try image pull "$PLAIN/lab/box:1"
	assert_ok
}

@test "TLS: an unknown authority is refused, --cert-dir and certs.d name it" {
	try image pull --creds user:secret "$SECURE/lab/box:1"
	assert_error "certificate" "--cert-dir"
	image copy --src-plain-http --cert-dir "$BATS_FILE_TMPDIR/certs" --dest-creds user:secret \
		"$PLAIN/lab/box:1" "$SECURE/lab/box:1"
	try image pull --creds user:secret --cert-dir "$BATS_FILE_TMPDIR/certs" "$SECURE/lab/box:1"
	assert_ok
	mkdir -p "$HOME/.config/containers/certs.d"
	cp -r "$BATS_FILE_TMPDIR/certs" "$HOME/.config/containers/certs.d/$SECURE"
	try image pull --creds user:secret "$SECURE/lab/box:1"
	assert_ok
	try image pull --creds user:secret --cert-dir ./absent "$SECURE/lab/box:1"
	assert_error "./absent: does not exist"
}

@test "passwords: login checks them, Podman's and Docker's files and helpers give them" {
	local options=(--tls-verify=false)
	try image pull "${options[@]}" "$SECURE/lab/box:1"
	assert_error "log in" "hull image login"
	INPUT=<(echo wrong) try image login "${options[@]}" -u user "$SECURE"
	assert_error "password is wrong"
	try image login "${options[@]}" --creds user:secret "$SECURE"
	assert_ok
	[[ $(stat -c %a "$XDG_RUNTIME_DIR/containers/auth.json") == 600 ]]
	# Logged in, so what is missing is the image, or it is there from another test.
	skopeo copy -q --dest-tls-verify=false --dest-creds user:secret "oci:$LAYOUT:box" "docker://$SECURE/pw/box:1"
	try image pull "${options[@]}" "$SECURE/pw/box:1"
	assert_ok
	try image logout "$SECURE"
	assert_ok
	try image pull "${options[@]}" "$SECURE/pw/box:1"
	assert_error "log in"
	mkdir -p "$HOME/.docker"
	printf '{"auths":{"https://%s/v2/":{"auth":"%s"}}}' "$SECURE" "$(printf user:secret | base64)" \
		>"$HOME/.docker/config.json"
	try image pull "${options[@]}" "$SECURE/pw/box:1"
	assert_ok
	mkdir bin
	printf '%s\n' '#!/bin/sh' 'echo "$1 $(cat)" >>'"$PWD/asked" \
		'echo "{\"Username\":\"user\",\"Secret\":\"secret\"}"' >bin/docker-credential-lab
	chmod +x bin/docker-credential-lab
	printf '{"credHelpers":{"%s":"lab"}}' "$SECURE" >"$HOME/.docker/config.json"
	PATH=$PWD/bin:$PATH try image pull "${options[@]}" "$SECURE/pw/box:1"
	assert_ok
	assert_eq "$(<asked)" "get $SECURE"
	printf '{"credsStore":"absent"}' >"$HOME/.docker/config.json"
	try image pull "${options[@]}" "$SECURE/pw/box:1"
	assert_error "docker-credential-absent" "does not exist"
}

@test "mirrors: the one that has it serves, others are passed over" {
	printf '%s\n' '[[registry]]' 'prefix = "registry.example/lab" # ours' 'location = "registry.example/lab"' \
		'[[registry.mirror]]' "location = \"$PLAIN/absent\"" 'insecure = true' \
		'[[registry.mirror]]' "location = \"$PLAIN/lab\"" 'insecure = true' >"$CONTAINERS_REGISTRIES_CONF"
	try image -v pull registry.example/lab/box:1
	assert_ok
	assert_output "$(digest_of "$LAYOUT")"
	[[ $stderr == *"mirror $PLAIN: "*absent* ]] || report "nothing is said of the first mirror"
	try image inspect registry.example/lab/box:1
	assert_line "digest:     $(digest_of "$LAYOUT")"
	printf '%s\n' '[[registry]]' 'location = "registry.example"' 'blocked = true' >"$CONTAINERS_REGISTRIES_CONF"
	try image pull registry.example/lab/box:1
	assert_error "blocks registry.example"
}

@test "proxies: those of the environment, for HTTPS and for HTTP, but not for no_proxy" {
	local proxy=$BATS_FILE_TMPDIR/proxy address
	mkdir "$proxy"
	spawn "$proxy/log" "$PYTHON" "$BATS_TEST_DIRNAME/../image/proxy.py" "$proxy"
	wait_until test -s "$proxy/port"
	address=127.0.0.1:$(<"$proxy/port")
	https_proxy=http://lab:secret@$address try image pull --cert-dir "$BATS_FILE_TMPDIR/certs" \
		--creds user:secret "$SECURE/none:1"
	assert_error "$SECURE: has no none/manifests/1"
	grep -qx "CONNECT $SECURE lab:secret" "$proxy/asked"
	http_proxy=$address try image pull --plain-http "$PLAIN/lab/box:1"
	assert_ok
	grep -q "^GET http://$PLAIN/v2/lab/box/blobs/.* -\$" "$proxy/asked"
	https_proxy=http://$address try image pull registry.refused/lab/box:1
	assert_error "registry.refused" "the proxy refuses it (403)"
	: >"$proxy/asked"
	image remove "$PLAIN/lab/box:1"
	https_proxy=http://$address http_proxy=$address no_proxy=example.org,127.0.0.1 \
		try image pull --plain-http "$PLAIN/lab/box:1"
	assert_ok
	assert_eq "$(<"$proxy/asked")" ""
	http_proxy=127.0.0.1:1 try image pull --plain-http "$PLAIN/lab/box:2"
	assert_error "$PLAIN"
}

@test "progress: a bar for each layer on a terminal, and none elsewhere or with --quiet" {
	terminal() {
		"$PYTHON" "$BATS_TEST_DIRNAME/runtty.py" --size 24x100 "$IMAGE_PROGRAM" image --store "$STORE" "$@"
	}
	local layer text up=$'\e['2A
	text=$(terminal pull --plain-http "$PLAIN/lab/box:1")
	for layer in $(jq -r '.layers[].digest[:19]' "$LAYOUT/blobs/sha256/$(digest_of "$LAYOUT" | cut -d: -f2)"); do
		grep -qE "^$layer \[={24}\] [0-9.]+ [KM]?i?B of [0-9.]+ [KM]?i?B  done" \
			<<<"${text//$'\r'/$'\n'}" || fail "no bar of $layer:" "$text"
	done
	# Drawn over each other.
	[[ $text == *"$up"* ]] || fail "never drawn again:" "$text"
	text=$(terminal pull --quiet --plain-http "$PLAIN/lab/box:1")
	[[ $text != *"["* ]] || fail "$text"
	image remove "$PLAIN/lab/box:1"
	try image pull --plain-http "$PLAIN/lab/box:1"
	assert_eq "$stderr" ""
}

@test "push: what was kept goes unchanged, else compressed again; others read it" {
	image pull --plain-http --keep-blobs "$PLAIN/lab/box:1"
	try image push --plain-http "$PLAIN/lab/box:1" "$PLAIN/kept/box:1"
	assert_ok
	assert_output "$(digest_of "$LAYOUT")"
	# Without the blobs, to a registry that has them; then to one that has them not.
	STORE=$PWD/second
	image pull --plain-http "$PLAIN/lab/box:1"
	try image push --plain-http "$PLAIN/lab/box:1" "$PLAIN/mounted/box:1"
	assert_ok
	assert_output "$(digest_of "$LAYOUT")"
	try image -v push --tls-verify=false --creds user:secret "$PLAIN/lab/box:1" "$SECURE/again/box:2"
	assert_ok
	[[ $stderr == *"compressed anew"* ]] || report "does not say why the digest is another one"
	skopeo copy -q --src-tls-verify=false --src-creds user:secret "docker://$SECURE/again/box:2" oci:back:box
	assert_eq "$(digest_of back)" "$output"
	umoci unpack --image back:box unpacked >unpack.log 2>&1
	diff -r unpacked/rootfs "$ORACLE"
	# The same bytes each time.
	STORE=$PWD/third
	image pull --plain-http "$PLAIN/lab/box:1"
	try image push --tls-verify=false --creds user:secret "$PLAIN/lab/box:1" "$SECURE/third/box:2"
	assert_output "$(digest_of back)"
}

@test "push: all of an image's blobs are under way at once" {
	local path
	image copy "oci:$LAYOUT:box" "store:box:1"
	try image push --plain-http box:1 "$HOSTILE/together/box:1"
	assert_ok
	# The manifest by digest when they are there, then by name.
	mapfile -t path < <(grep -o 'PUT /v2/together/[^? ]*' "$REQUESTS" | sed 's/sha256:.*/DIGEST/; s/uploads.*/UPLOAD/')
	assert_eq "${path[*]##*/}" "UPLOAD UPLOAD UPLOAD DIGEST 1"
}

@test "copy --all: an index with all its images" {
	image copy --plain-http --all "$HOSTILE/platforms/box:1" oci:all:box
	assert_eq "$(jq -r '.manifests[0].mediaType' all/index.json)" application/vnd.oci.image.index.v1+json
	image copy --plain-http --all oci:all:box "$PLAIN/all/box:1"
	assert_eq "$(skopeo inspect --raw --tls-verify=false "docker://$PLAIN/all/box:1" | sha256sum | cut -d' ' -f1)" \
		"$(digest_of all | cut -d: -f2)"
	try image pull --plain-http --platform linux/arm64 "$PLAIN/all/box:1"
	assert_ok
	assert_output "$(digest_of all)"
}

@test "platforms: the one that is asked for, and which there are" {
	try image pull --plain-http --platform linux/s390x "$HOSTILE/platforms/box:1"
	assert_error "no image for linux/s390x" "linux/arm/v7, linux/arm64/v8, linux/riscv64"
	assert_clean
	try image pull --plain-http --platform linux/arm/v6 "$HOSTILE/platforms/box:1"
	assert_error "no image for linux/arm/v6"
	try image pull --plain-http --platform aarch64 "$HOSTILE/platforms/box:1"
	assert_ok
	try image pull --platform 'a b' x
	assert_error 'platform "a b"'
}

@test "tokens: with a password and without, and new ones when they expire" {
	hostile anonymous
	assert_ok
	hostile login
	assert_error "refused"
	try image pull --plain-http --creds user:wrong "$HOSTILE/login/box:1"
	assert_error "user or password is wrong"
	try image pull --plain-http --creds user:secret "$HOSTILE/login/box:1"
	assert_ok
	STORE=$PWD/second
	try image pull --plain-http --creds user:secret "$HOSTILE/expiring/box:1"
	assert_ok
}

@test "tokens: an identity token of a file or of a credential helper is exchanged" {
	mkdir -p "$HOME/.docker" bin
	printf '{"auths":{"%s":{"identitytoken":"for a year"}}}' "$HOSTILE" >"$HOME/.docker/config.json"
	hostile identity
	assert_ok
	grep -q 'POST /token' "$REQUESTS"
	grep -q 'GET /v2/identity/.*auth=Bearer by-identity$' "$REQUESTS"
	image remove "$HOSTILE/identity/box:1"
	printf '%s\n' '#!/bin/sh' 'echo "{\"Username\":\"<token>\",\"Secret\":\"for a year\"}"' >bin/docker-credential-lab
	chmod +x bin/docker-credential-lab
	printf '{"credsStore":"lab"}' >"$HOME/.docker/config.json"
	PATH=$PWD/bin:$PATH hostile identity
	assert_ok
	image remove "$HOSTILE/identity/box:1"
	printf '{"auths":{"%s":{"identitytoken":"of last year"}}}' "$HOSTILE" >"$HOME/.docker/config.json"
	hostile identity
	assert_error "is wrong (401)"
}

@test "a redirect to another server takes no credentials along" {
	local other
	other=$(<"$BATS_FILE_TMPDIR/hostile/other")
	try image pull --plain-http --creds user:secret "$HOSTILE/elsewhere/box:1"
	assert_ok
	grep -q "^$other GET /v2/elsewhere/.*auth=-\$" "$REQUESTS"
	not grep "^$other GET /v2/elsewhere/.*auth=B" "$REQUESTS"
}

@test "a download that was cut goes on where it stopped, in the same run and in another" {
	hostile cut
	assert_ok
	grep -q 'GET /v2/cut/box/blobs/.* range=bytes=[1-9]' "$REQUESTS"
	STORE=$PWD/second
	try image pull --plain-http --no-retry "$HOSTILE/cut/box:1"
	assert_error "was cut after" "bytes; what came is kept"
	assert_clean
	local before
	before=$(requests 'v2/cut/.*range=bytes=[1-9]')
	try image -v pull --plain-http --no-retry "$HOSTILE/cut/box:1"
	assert_ok
	[[ $stderr == *"bytes are here from an earlier try"* ]] || report "did not go on"
	[[ $(requests 'v2/cut/.*range=bytes=[1-9]') -gt $before ]] || fail "no Range was asked for"
	same_files "$HOSTILE/cut/box:1"
}

@test "a server that ignores the offset is read from its beginning" {
	hostile rangeless
	assert_ok
	same_files "$HOSTILE/rangeless/box:1"
}

@test "kill -9 while a layer comes: the next run goes on" {
	"$IMAGE_PROGRAM" image --store "$STORE" pull --plain-http "$HOSTILE/stall/box:1" >killed.log 2>&1 3>&- 4>&- &
	local pid=$!
	wait_until partial_grows
	kill -KILL "$pid"
	wait "$pid" || true
	assert_clean
	try image -v pull --plain-http "$HOSTILE/stall/box:1"
	assert_ok
	[[ $stderr == *"bytes are here from an earlier try"* ]] || report "did not go on"
	same_files "$HOSTILE/stall/box:1"
}
partial_grows() { [[ -n $(find "$STORE/partial" -type f -size +100k 2>/dev/null) ]]; }

@test "a server that stalls is given up, and what came is kept" {
	try image pull --plain-http --timeout 1 --no-retry "$HOSTILE/stall/box:1"
	assert_error "stalled"
	assert_clean
	# With its retries a run gets over it.
	STORE=$PWD/second
	hostile stall --timeout 1
	assert_ok
}

@test "wrong bytes: a layer, a manifest, lengths that do not fit" {
	hostile wrong
	assert_error "layer sha256:"
	hostile other-manifest
	assert_error "manifest" "digest"
	hostile longer
	assert_error "by the manifest, but the registry sends"
	hostile shorter
	assert_error "by the manifest, but the registry sends"
	hostile endless
	assert_error "longer than the"
	# In a store of its own: "endless" may have left the whole layer before it went on.
	STORE=$PWD/cut hostile cut-always --no-retry
	assert_error "was cut after"
	assert_clean
	# Nothing of it is in the way of the right bytes.
	hostile good
	assert_ok
	same_files "$HOSTILE/good/box:1"
}

@test "no registry: HTML, a circle, garbage, an endless manifest, what is not there" {
	hostile html
	assert_error "text/html" "is it a registry?"
	hostile html-blob
	assert_error "text/html"
	hostile circle
	assert_error "circle"
	hostile garbage
	assert_error "manifest of $HOSTILE/garbage/box:1"
	hostile both
	assert_error "both an index and an image"
	hostile old
	assert_error "schema 1"
	hostile huge
	assert_error "longer than 4 MiB"
	hostile nothing
	assert_error "manifest unknown"
	try image pull --plain-http 127.0.0.1:1/a/b
	assert_error "127.0.0.1:1"
	assert_clean
}

@test "zeros without end in a small layer are refused" {
	hostile bomb
	assert_error "sha256:"
	assert_clean
	[[ $(du -sm "$STORE" | cut -f1) -lt 100 ]]
}

@test "limits: a short wait is waited for, of a long one it is told" {
	hostile busy
	assert_ok
	hostile flaky
	assert_ok
	hostile limited
	assert_error "too many requests (429)" "its limit is 100 in 6 h" "log in" "again in 15 min"
}

@test "mistyped transports and names are told" {
	try image pull oci-arhive:x.tar
	assert_error 'did you mean oci-archive:?'
	try image pull Debian
	assert_error "small letters"
	try image pull dir:/
	assert_error "import"
	try image copy tar:x oci:y
	assert_error "imported first"
	try image push nowhere/at:all
	assert_error "nowhere/at:all"
}

@test "layouts and archives, of umoci and skopeo and for them" {
	skopeo copy -q "oci:$LAYOUT:box" docker-archive:docker.tar:lab/box:1
	skopeo copy -q "oci:$LAYOUT:box" oci-archive:oci.tar:box
	gzip -k docker.tar
	local from
	for from in "oci:$LAYOUT:box" oci-archive:oci.tar oci-archive:oci.tar:box docker-archive:docker.tar \
		docker-archive:docker.tar:lab/box:1 docker-archive:docker.tar.gz; do
		rm -rf "$STORE" out
		try image copy "$from" store:box
		assert_ok
		same_files box
	done
	image export box oci:new:tag
	image export --uncompressed box oci:new:plain
	image export box oci-archive:new.tar:tag
	image export box docker-archive:new-docker.tar:lab/box:2
	for from in oci:new:tag oci:new:plain oci-archive:new.tar:tag docker-archive:new-docker.tar; do
		rm -rf "$BATS_TEST_TMPDIR"/back unpacked
		skopeo copy -q "$from" oci:back:box
		umoci unpack --image back:box unpacked >unpack.log 2>&1
		diff -r unpacked/rootfs "$ORACLE"
	done
	try image copy oci:new:nothing store:x
	assert_error "there are: tag, plain"
	try image copy oci:new store:x
	assert_error "several images"
	try image copy docker-archive:docker.tar:other store:x
	assert_error "lab/box:1"
	# The same bytes each time.
	image export box oci-archive:new2.tar:tag
	cmp new.tar new2.tar
	assert_eq "$(find . -name '.hull-*')" ''
}

@test "import and export of root file systems: a tar and a folder give the same digest" {
	mkdir -p root/{bin,etc}
	echo hello >root/etc/hello
	ln root/etc/hello root/etc/again
	ln -s hello root/etc/link
	mknod root/null c 1 3
	mkfifo root/fifo
	setfattr -n user.colour -v red root/etc/hello
	chown 1000:2000 root/bin
	touch -d '2001-02-03 04:05:06.789 UTC' root/etc/hello
	try image import root lab/dir
	assert_ok
	local digest=$output
	try image export lab/dir root.tar
	assert_ok
	try image import root.tar lab/tar
	assert_output "$digest"
	gzip -c root.tar >root.tar.gz
	try image import root.tar.gz lab/gzip
	assert_output "$digest"
	INPUT=root.tar try image import - lab/stdin
	assert_output "$digest"
	SOURCE_DATE_EPOCH=0 try image import root lab/dated
	assert_lacks "$digest"
	try image inspect --format json lab/dated
	assert_eq "$(jq -r .created <<<"$output")" 1970-01-01T00:00:00Z
	image export lab/tar dir:out
	diff -r --no-dereference root/etc out/etc
	assert_eq "$(stat -c '%a %u %g %n' out/bin)" "755 1000 2000 out/bin"
	assert_eq "$(stat -c '%t:%T %F' out/null)" "1:3 character special file"
	assert_eq "$(stat -c %y out/etc/hello)" "$(stat -c %y root/etc/hello)"
	assert_eq "$(getfattr --only-values -n user.colour out/etc/again)" red
	assert_eq "$(tar -xOf root.tar ./etc/again)" hello
	try image export lab/tar dir:out
	assert_error "not empty"
	printf 'no tar' >bad.tar
	try image import bad.tar lab/bad
	assert_error "bad.tar"
	try image import nothing.tar lab/bad
	assert_error "nothing.tar"
}

@test "inspect: of the store, a registry, a layout" {
	image pull --plain-http "$PLAIN/lab/box:1"
	local digest
	digest=$(digest_of "$LAYOUT")
	try image inspect --format json "$PLAIN/lab/box:1"
	assert_eq "$(jq -r '.digest + " " + .config.Env[-1] + " " + (.layers | length | tostring)' <<<"$output")" \
		"$digest COLOUR=red 2"
	try image inspect "${digest#sha256:}"
	assert_line "digest:     $digest" "command:    sh" "label:      org.example.kind=box"
	image inspect --raw --plain-http "docker://$PLAIN/lab/box:1" >raw
	assert_eq "sha256:$(sha256sum raw | cut -d' ' -f1)" "$digest"
	image inspect --config "oci:$LAYOUT:box" | jq -e '.rootfs.diff_ids | length == 2'
	try image inspect tar:x
	assert_error "root file system"
}

@test "two pulls of one image at once: each layer comes once" {
	image pull --plain-http "$PLAIN/lab/box:1" >first 2>&1 &
	try image pull --plain-http "$PLAIN/lab/box:1"
	wait
	assert_ok
	assert_eq "$(<first)" "$output"
	same_files "$PLAIN/lab/box:1"
}

# sign NAME KEY REFERENCE DIGEST [TYPE]: attach a signature to lab/NAME, as cosign and Podman do.
sign() {
	local url=http://$PLAIN/v2/lab/$1 signature size
	printf '{"critical":{"identity":{"docker-reference":"%s"},"image":{"docker-manifest-digest":"%s"},"type":"%s"},"optional":null}' \
		"$3" "$4" "${5-cosign container image signature}" >payload
	if grep -q ED25519 <(openssl pkey -in "$2" -noout -text); then
		openssl pkeyutl -sign -inkey "$2" -rawin -in payload -out signature
	else
		openssl dgst -sha256 -sign "$2" -out signature payload
	fi
	signature=$(base64 -w0 signature) size=$(stat -c %s payload)
	printf '{}' >empty
	attach "$url" payload
	attach "$url" empty
	jq -nc --arg payload "sha256:$(sha256sum <payload | cut -c -64)" --argjson size "$size" \
		--arg empty "sha256:$(sha256sum <empty | cut -c -64)" --arg signature "$signature" '{
		schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json",
		config: {mediaType: "application/vnd.oci.image.config.v1+json", digest: $empty, size: 2},
		layers: [{mediaType: "application/vnd.dev.cosign.simplesigning.v1+json", digest: $payload,
			size: $size, annotations: {"dev.cosignproject.cosign/signature": $signature}}]}' >signatures
	curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
		--data-binary @signatures "$url/manifests/${4/:/-}.sig" >/dev/null
}

# attach URL FILE: a blob.
attach() {
	local place
	place=$(curl -fsS -X POST -D - -o /dev/null "$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	curl -fsS -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$2" \
		"$place&digest=sha256:$(sha256sum <"$2" | cut -c -64)" >/dev/null
}

# policy REQUIREMENT: what images of this registry need; all others are refused.
policy() {
	jq -n --arg host "$PLAIN" --argjson requirement "$1" \
		'{default: [{type: "reject"}], transports: {docker: {($host): [$requirement]}}}' >policy.json
}

@test "signatures: what the policy asks for must be there, by its key, of this image" {
	local digest key kind why="it has no signature"
	skopeo copy -q --dest-tls-verify=false "oci:$LAYOUT:box" "docker://$PLAIN/lab/signed:1"
	digest=$(digest_of "$LAYOUT")
	pull() { try image pull --plain-http --signature-policy policy.json "$PLAIN/lab/signed:1"; }
	for kind in "EC -pkeyopt ec_paramgen_curve:P-256" ED25519 "RSA -pkeyopt rsa_keygen_bits:2048"; do
		# shellcheck disable=SC2086 # two words
		openssl genpkey -algorithm $kind -out key.pem 2>/dev/null
		openssl pkey -in key.pem -pubout -out public.pem
		key=$PWD/public.pem
		policy "{\"type\": \"sigstoreSigned\", \"keyPath\": \"$key\"}"
		pull
		assert_error "refused by policy.json (docker: $PLAIN): $why"
		why="no signature is by a key of the policy"
		sign signed key.pem "$PLAIN/lab/signed:1" "$digest"
		pull
		assert_output "$digest"
		image remove "$PLAIN/lab/signed:1"
	done
	sign signed key.pem "$PLAIN/lab/signed:2" "$digest"
	pull
	assert_error "it was signed as \"$PLAIN/lab/signed:2\""
	policy "{\"type\": \"sigstoreSigned\", \"keyData\": \"$(base64 -w0 "$key")\", \"signedIdentity\": {\"type\": \"matchRepository\"}}"
	pull
	assert_ok
	sign signed key.pem "$PLAIN/lab/signed:1" "$digest" "something else"
	pull
	assert_error "the signed text is not about an image"
	# Another image's signature, put in this one's place.
	sign signed key.pem "$PLAIN/lab/signed:1" "sha256:$(printf '1%.0s' {1..64})"
	curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary \
		@signatures "http://$PLAIN/v2/lab/signed/manifests/${digest/:/-}.sig" >/dev/null
	pull
	assert_error "it was signed for sha256:1111"
}

@test "signatures: of an index, of one image of it; run asks too, and the store is not asked again" {
	local digest name
	openssl genpkey -algorithm ED25519 -out key.pem
	openssl pkey -in key.pem -pubout -out public.pem
	digest=$(jq -nc --slurpfile index "$LAYOUT/index.json" '$index[0] |
		.mediaType = "application/vnd.oci.image.index.v1+json" |
		.manifests[0].platform = {os: "linux", architecture: "amd64"}' | tee index |
		sha256sum | cut -c -64)
	for name in indexed chosen; do
		skopeo copy -q --dest-tls-verify=false "oci:$LAYOUT:box" "docker://$PLAIN/lab/$name:x"
		curl -fsS -X PUT -H 'Content-Type: application/vnd.oci.image.index.v1+json' \
			--data-binary @index "http://$PLAIN/v2/lab/$name/manifests/1" >/dev/null
	done
	policy "{\"type\": \"sigstoreSigned\", \"keyPath\": \"$PWD/public.pem\"}"
	mkdir -p "$HOME/.config/containers"
	cp policy.json "$HOME/.config/containers"
	printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$PLAIN" >"$HOME/registries.conf"
	try image run "$PLAIN/lab/indexed:1" true
	assert_error --code 125 "refused by $HOME/.config/containers/policy.json"
	sign indexed key.pem "$PLAIN/lab/indexed:1" "sha256:$digest"
	try image pull --plain-http "$PLAIN/lab/indexed:1"
	assert_output "sha256:$digest"
	try image push --plain-http --uncompressed "$PLAIN/lab/indexed:1" "$PLAIN/lab/pushed:1"
	assert_ok
	sign chosen key.pem "$PLAIN/lab/chosen:1" "$(digest_of "$LAYOUT")"
	try image pull --plain-http "$PLAIN/lab/chosen:1"
	assert_output "sha256:$digest"
	try image copy --plain-http "oci:$LAYOUT:box" oci:out:box
	assert_error "refused by $HOME/.config/containers/policy.json (default): all such images are"
}

# gpg_key NAME: the public key NAME.gpg.
gpg_key() {
	export GNUPGHOME=$PWD/gnupg
	[[ -d $GNUPGHOME ]] || mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-generate-key "$1@example.org" ed25519 sign never 2>/dev/null
	gpg --export "$1@example.org" >"$1.gpg"
}

@test "signatures: by GPG, where registries.d says, as skopeo writes them" {
	local digest configuration=$HOME/.config/containers file port
	command -v gpg gpgv >/dev/null || skip "gpg and gpgv are not here: make deps"
	digest=$(digest_of "$LAYOUT")
	mkdir -p "$configuration/registries.d" signatures
	printf '%s\n' 'default-docker: # nobody' '    lookaside: "file:///nonexistent"' 'docker:' \
		"  $PLAIN/gpg:" "    lookaside: file://$PWD/signatures" "    lookaside-staging: file://$PWD/signatures" \
		'  other.example:' '    lookaside: https://other.example' >"$configuration/registries.d/lab.yaml"
	skopeo copy -q --dest-tls-verify=false "oci:$LAYOUT:box" "docker://$PLAIN/gpg/box:1"
	pull() { try image -v pull --plain-http --signature-policy policy.json "$PLAIN/gpg/box:1"; }
	gpg_key lab
	gpg_key other
	policy '{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "'"$PWD/lab.gpg"'"}'
	pull
	assert_error "docker: $PLAIN): it has no signature"
	# Debian's skopeo; its policy is not what is asked here.
	skopeo --insecure-policy --registries.d "$configuration/registries.d" copy -q --dest-tls-verify=false \
		--sign-by other@example.org "oci:$LAYOUT:box" "docker://$PLAIN/gpg/box:1"
	pull
	assert_error "no signature is by a key of the policy"
	skopeo --insecure-policy --registries.d "$configuration/registries.d" copy -q --dest-tls-verify=false \
		--sign-by lab@example.org "oci:$LAYOUT:box" "docker://$PLAIN/gpg/box:1"
	pull
	assert_output "$digest"
	[[ $stderr == *"signed by $PWD/lab.gpg"* ]] || report "not said by whom"
	image remove "$PLAIN/gpg/box:1"
	port=$(free_port)
	spawn web.log "$PYTHON" -m http.server --bind 127.0.0.1 --directory "$PWD/signatures" "$port"
	wait_until listens "$port"
	sed -i "s|lookaside: file://$PWD/signatures|lookaside: http://127.0.0.1:$port|" "$configuration/registries.d/lab.yaml"
	pull
	assert_output "$digest"
	grep -q 'GET /gpg/box@sha256=.*/signature-1 .* 200' web.log
	image remove "$PLAIN/gpg/box:1"
	# A keyring in armor, in the policy itself; and another name.
	policy '{"type": "signedBy", "keyType": "GPGKeys", "keyData": "'"$(gpg --armor --export lab@example.org | base64 -w0)"'",
		"signedIdentity": {"type": "exactRepository", "dockerRepository": "'"$PLAIN"'/gpg/another"}}'
	pull
	assert_error "it was signed as \"$PLAIN/gpg/box:1\""
	policy '{"type": "signedBy", "keyType": "GPGKeys", "keyData": "'"$(gpg --armor --export lab@example.org | base64 -w0)"'"}'
	pull
	assert_ok
	image remove "$PLAIN/gpg/box:1"
	# Somebody's bytes in it, and a text that nobody has signed.
	for file in signatures/gpg/box@*/signature-*; do
		gpg --batch --quiet --yes --store --output "$file" <(echo '{"critical":{}}')
	done
	pull
	assert_error "no signature is by a key of the policy"
	head -c 200 /dev/urandom >lab.gpg
	policy '{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "'"$PWD/lab.gpg"'"}'
	pull
	assert_error "no signature is by a key of the policy"
}

@test "signatures: policies that hull does not understand let nothing pass" {
	check() {
		printf '%s' "$1" >policy.json
		try image copy --plain-http --signature-policy policy.json "oci:$LAYOUT:box" oci:out:box
		assert_error "$2"
	}
	check '{}' 'policy.json: default: is missing'
	check '[' 'policy.json'
	check '{"default":[]}' 'policy.json: default: must be an array of requirements'
	check '{"default":[{"type":"signedByX"}]}' 'default[0]: hull cannot check "signedByX"'
	check '{"default":[{"type":"signedBy","keyPath":"x"}]}' 'keyType: is missing'
	check '{"default":[{"type":"signedBy","keyType":"X509Certificates","keyPath":"x"}]}' 'keyType: must be GPGKeys'
	check '{"default":[{"type":"sigstoreSigned","rekorPublicKeyPath":"x"}]}' 'rekorPublicKeyPath: this hull does not know it'
	check '{"default":[{"type":"sigstoreSigned","keyPath":"none"}]}' 'keyPath: none'
	check '{"default":[{"type":"sigstoreSigned"}]}' 'default[0]: must be given a key'
	check '{"default":[{"type":"insecureAcceptAnything"}],"transprts":{}}' 'transprts: this hull does not know it'
	check '{"default":[{"type":"insecureAcceptAnything"}],"transports":{"oci":{"'"$LAYOUT"'":[{"type":"reject"}]}}}' \
		"(oci: $LAYOUT): all such images are"
	not test -e out/index.json
	rm policy.json
	try image copy --signature-policy policy.json "oci:$LAYOUT:box" oci:out:box
	assert_error "policy.json"
	try image copy "oci:$LAYOUT:box" oci:out:box
	assert_ok
}
