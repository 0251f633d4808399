#!/usr/bin/env python3
"""A kernel for microVMs that is no Linux: it prints a text and does one thing more.

kernel.py VERSION hang|restart TEXT >FILE

VERSION is the one whose modules the monitor looks for. The text goes to the serial port
byte by byte; "restart" is a triple fault, as a kernel with panic=-1 ends.
"""
import struct
import sys

BASE = 0x200000
# cli, hlt; or lidt of six zeros, which stand behind the code, and int3
ENDS = {"hang": b"\xfa\xf4\xeb\xfd",
        "restart": b"\x0f\x01\x1d" + struct.pack("<I", BASE + 0x80) + b"\xcc"}

version, end, text = sys.argv[1:]
code = b"\xbe" + struct.pack("<I", BASE + 0x100)  # mov esi, the text
code += b"\x66\xba\xf8\x03"  # mov dx, 0x3f8
code += b"\xac\x84\xc0\x74\x03\xee\xeb\xf8"  # until a zero: lodsb, out dx, al
code += ENDS[end]
image = code.ljust(0x100, b"\0") + text.encode() + b"\n\0Linux version " + version.encode() + b" \0"
image = image.ljust(0x2000, b"\0")

note = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", BASE)  # XEN_ELFNOTE_PHYS32_ENTRY
header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, BASE, 64, 0, 0,
                     64, 56, 2, 64, 0, 0)
load = struct.pack("<IIQQQQQQ", 1, 7, 0x1000, BASE, BASE, len(image), len(image), 0x1000)
notes = struct.pack("<IIQQQQQQ", 4, 4, 0x200, 0, 0, len(note), len(note), 4)
out = (header + load + notes).ljust(0x200, b"\0") + note
sys.stdout.buffer.write(out.ljust(0x1000, b"\0") + image)
