#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that does what no registry should: registry.py LAYOUT FOLDER.

Serves the one image of an image layout under any repository; the first component of the
repository's name says what goes wrong. FOLDER/port and FOLDER/other are the ports of two
servers that do the same; FOLDER/requests has a line for each request: port, method, path,
range, authorization."""

import base64
import hashlib
import http.server
import json
import os
import sys
import threading
import time
import urllib.parse
import zlib

LAYOUT, FOLDER = sys.argv[1:3]
lock = threading.Lock()
counts, tokens, blobs = {}, set(), {}
# Uploads to "together": none is answered before all three blobs of the image are under way.
together = threading.Barrier(3, timeout=30)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def load():
    with open(LAYOUT + "/index.json", encoding="utf-8") as file:
        top = json.load(file)["manifests"][0]["digest"]
    for name in os.listdir(LAYOUT + "/blobs/sha256"):
        with open(LAYOUT + "/blobs/sha256/" + name, "rb") as file:
            blobs["sha256:" + name] = file.read()
    return top


TOP = load()
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def changed(change):
    """The manifest with another first layer; CHANGE gets its descriptor."""
    manifest = json.loads(blobs[TOP])
    change(manifest["layers"][0])
    return json.dumps(manifest).encode()


def bomb():
    """A quarter of a gigabyte of zeros, in members of gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    member = packer.compress(bytes(16 << 20)) + packer.flush()
    data = member * 16
    blobs[digest(data)] = data
    return changed(lambda layer: layer.update(digest=digest(data), size=len(data)))


def count(key):
    with lock:
        counts[key] = counts.get(key, 0) + 1
        return counts[key]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", kind="application/json", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note(self):
        with lock, open(FOLDER + "/requests", "a", encoding="utf-8") as file:
            file.write("%d %s %s range=%s auth=%s\n" % (
                self.server.server_port, self.command, self.path,
                self.headers.get("Range", "-"), self.headers.get("Authorization", "-")))

    def challenge(self):
        realm = "http://%s/token" % self.headers["Host"]
        self.reply(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"log in"}]}',
                   WWW_Authenticate='Bearer realm="%s",service="test",scope="repository:%s:pull"'
                   % (realm, self.repository))

    def give_token(self):
        wanted = "Basic " + base64.b64encode(b"user:secret").decode()
        if "anonymous" not in self.path and self.headers.get("Authorization") != wanted:
            return self.reply(401, b"{}")
        token = "token-%d" % count("token")
        tokens.add(token)
        return self.reply(200, json.dumps({"token": token}).encode())

    def is_allowed(self):
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in tokens:
            return False
        if self.fault == "expiring":
            tokens.discard(token)
        return True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.note()
        if self.path == "/token":
            form = urllib.parse.parse_qs(body)
            if form["grant_type"] != ["refresh_token"] or form["refresh_token"] != ["for a year"]:
                return self.reply(401, b"{}")
            tokens.add("by-identity")
            return self.reply(200, b'{"access_token":"by-identity"}')
        return self.reply(202, Location=self.path + str(count("upload")))

    def do_PUT(self):
        left = int(self.headers["Content-Length"])
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
        self.note()
        if self.path.startswith("/v2/together/") and "/uploads/" in self.path:
            try:
                together.wait()
            except threading.BrokenBarrierError:
                return self.reply(400, b'{"errors":[{"code":"X","message":"alone"}]}')
        return self.reply(201)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        self.note()
        if self.path.startswith("/token"):
            return self.give_token()
        if self.command == "HEAD" and self.path.startswith("/v2/together/"):
            return self.reply(404)
        if self.path == "/v2/":
            return self.reply(200, b"{}")
        parts = self.path.removeprefix("/v2/").split("/")
        self.fault, self.repository = parts[0], "/".join(parts[:-2])
        kind, name = parts[-2:]
        if self.fault in ("login", "anonymous", "expiring", "elsewhere", "identity") and not (
                self.is_allowed() or (self.fault == "elsewhere" and self.server is other)):
            return self.challenge()
        return self.manifest(name) if kind == "manifests" else self.blob(name)

    def manifest(self, name):
        fault, data, kind = self.fault, blobs[TOP], MANIFEST
        if fault == "html":
            return self.reply(200, b"<html>Welcome to our hotel</html>", "text/html")
        if fault == "circle":
            return self.reply(307, Location=self.path)
        if fault == "limited":
            return self.reply(429, b"{}", Retry_After="900", RateLimit_Limit="100;w=21600")
        if fault == "busy" and count(fault) == 1:
            return self.reply(429, b"{}", Retry_After="1")
        if fault == "flaky" and count(fault) < 3:
            return self.reply(503, b"<html>sorry</html>", "text/html")
        if fault == "nothing":
            return self.reply(404, b'{"errors":[{"code":"X","message":"manifest unknown"}]}')
        if fault == "huge":
            data = b" " * (5 << 20)
        if fault == "garbage":
            data = b'{"schemaVersion":2,"layers":[{"digest":"sha256:zz","size":-1}]}'
        if fault == "both":
            data = b'{"schemaVersion":2,"manifests":[],"layers":[]}'
        if fault == "old":
            data, kind = b'{"schemaVersion":1,"fsLayers":[]}', "application/json"
        if fault == "bomb":
            data = bomb()
        if fault == "shorter":
            data = changed(lambda layer: layer.update(size=layer["size"] - 10))
        if fault == "platforms":
            if name.startswith("sha256:"):
                data = blobs[name]
            else:
                kind = INDEX
                data = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
                    {"mediaType": MANIFEST, "digest": TOP, "size": len(blobs[TOP]),
                     "platform": {"os": "linux", "architecture": arch, "variant": variant}}
                    for arch, variant in (("arm", "v7"), ("arm64", "v8"), ("riscv64", ""))
                ]}).encode()
        headers = {}
        if fault == "other-manifest":
            data, headers = data + b"\n", {"Docker_Content_Digest": TOP}
        return self.reply(200, data, kind, **headers)

    def blob(self, name):
        fault, data = self.fault, blobs.get(name)
        if data is None:
            return self.reply(404, b"{}")
        # What is small comes as it is, the large layer with the fault.
        if len(data) < 100000:
            return self.reply(200, data, "application/octet-stream")
        if fault == "html-blob":
            return self.reply(200, b"<html>Log in to the hotel</html>", "text/html")
        if fault == "wrong":
            data = data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]
        if fault == "longer":
            data += bytes(1000)
        if fault == "elsewhere" and self.server is not other:
            return self.reply(307, Location="http://127.0.0.1:%d%s" % (
                other.server_port, self.path))
        return self.send_blob(fault, data)

    def send_blob(self, fault, data):
        begin, ranged = 0, self.headers.get("Range", "")
        if ranged and fault != "rangeless":
            begin = int(ranged.removeprefix("bytes=").split("-")[0])
            self.send_response(206)
            self.send_header("Content-Range", "bytes %d-%d/%d" % (begin, len(data) - 1, len(data)))
        else:
            self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        if fault == "endless":
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        part = data[begin:]
        if fault in ("cut", "rangeless") and not ranged or fault == "cut-always":
            part = part[:len(data) // 2 if not begin else 0]
            self.close_connection = True
        if fault == "stall" and not ranged:
            part = part[:len(data) // 2]
        try:
            self.wfile.write(part)
            self.wfile.flush()
            while fault == "endless":
                self.wfile.write(bytes(65536))
            if fault == "stall" and not ranged:
                time.sleep(20)
                self.close_connection = True
        except OSError:
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


first, other = Server(("127.0.0.1", 0), Handler), Server(("127.0.0.1", 0), Handler)
threading.Thread(target=other.serve_forever, daemon=True).start()
for file_name, server in (("other", other), ("port", first)):
    with open("%s/%s.new" % (FOLDER, file_name), "w", encoding="utf-8") as port:
        port.write(str(server.server_port))
    os.rename("%s/%s.new" % (FOLDER, file_name), "%s/%s" % (FOLDER, file_name))
first.serve_forever()
