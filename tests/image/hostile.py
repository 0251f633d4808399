#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Layers that no honest program writes: hostile.py FOLDER makes NAME.tar of each, and prints
NAME, a tab, and a word that the refusal must have. hostile.py --many COUNT writes a tar of so
many files to stdout."""

import io
import sys
import tarfile

FILE, LINK, SYMLINK, FOLDER = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE

LAYERS = {
    "dotdot": ("..", [("../../outside/pwned", FILE, "")]),
    "dotdot-inside": ("..", [("a/../../outside/pwned", FILE, "")]),
    "absolute-link": ("out of the layer's root", [("a", SYMLINK, "/OUT"), ("a/pwned", FILE, "")]),
    "climbing-link": ("out of the layer's root", [("a", SYMLINK, "../../../OUT"), ("a/pwned", FILE, "")]),
    "chained-links": (
        "out of the layer's root",
        [
            ("d", FOLDER, ""),
            ("d/up", SYMLINK, ".."),
            ("a", SYMLINK, "d/up/b"),
            ("b", SYMLINK, "/OUT"),
            ("a/pwned", FILE, ""),
        ],
    ),
    "link-then-folder": ("out of the layer's root", [("a", SYMLINK, "/OUT"), ("a/b", FOLDER, "")]),
    "hard-link-dotdot": ("..", [("a", LINK, "../../etc/passwd")]),
    "hard-link-through-link": ("out of the layer's root", [("a", SYMLINK, "/etc"), ("b", LINK, "a/passwd")]),
    "whiteout-dotdot": ("..", [("../../outside/.wh.kept", FILE, "")]),
    "whiteout-link": ("out of the layer's root", [("a", SYMLINK, "/OUT"), ("a/.wh.kept", FILE, "")]),
    "opaque-link": ("out of the layer's root", [("a", SYMLINK, "/OUT"), ("a/.wh..wh..opq", FILE, "")]),
    "link-circle": ("circle", [("a", SYMLINK, "b"), ("b", SYMLINK, "a"), ("a/pwned", FILE, "")]),
}


def make(folder, outside):
    for name, (word, entries) in LAYERS.items():
        with tarfile.open(f"{folder}/{name}.tar", "w") as tar:
            for path, kind, target in entries:
                entry = tarfile.TarInfo(path)
                entry.type = kind
                entry.linkname = target.replace("/OUT", outside)
                content = b"pwned" if kind == FILE else b""
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
        print(f"{name}\t{word}")


def many(count):
    for i in range(count):
        header = bytearray(tarfile.TarInfo(f"many/{i % 100:02}/{i:06}").tobuf(tarfile.USTAR_FORMAT))
        sys.stdout.buffer.write(header)
    sys.stdout.buffer.write(bytes(1024))


if sys.argv[1] == "--many":
    many(int(sys.argv[2]))
else:
    make(sys.argv[1], sys.argv[2])
