#!/usr/bin/env python3
"""Mounts a file system on DIR that never answers who asks it for a name.

fuse_silent.py DIR ASKED: makes the file ASKED when the first one has asked. That process cannot be
killed (fuse: a request that its server has read is waited for) until this server ends, at the
latest when its standard input does.
"""
import ctypes
import os
import select
import struct
import sys

LOOKUP, FORGET, GETATTR, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 26, 36, 42
NO_ANSWER = (LOOKUP, FORGET, INTERRUPT, BATCH_FORGET)
ENOSYS = 38


def attributes(node):
    mode, links = 0o40755, 2
    times = (0, 0, 0, 0, 0, 0)
    attr = struct.pack("<3Q3Q3I7I", node, 0, 0, *times, mode, links, 0, 0, 0, 4096, 0)
    return struct.pack("<QII", 3600, 0, 0) + attr


def answer(fd, unique, body=b"", error=0):
    os.write(fd, struct.pack("<IiQ", 16 + len(body), -error, unique) + body)


def serve(fd, asked):
    while True:
        ready, _, _ = select.select([fd, 0], [], [])
        if 0 in ready and not os.read(0, 1):
            return
        if fd not in ready:
            continue
        request = os.read(fd, 1 << 20)
        _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
        if opcode == INIT:
            answer(fd, unique, struct.pack("<IIIIHHIIHHI28x", 7, 31, 4096, 0, 12, 9, 4096, 1, 1, 0, 0))
        elif opcode == GETATTR:
            answer(fd, unique, attributes(node))
        elif opcode not in NO_ANSWER:
            answer(fd, unique, error=ENOSYS)
        elif opcode == LOOKUP:
            open(asked, "w").close()


def main():
    folder, asked = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    fd = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={fd},rootmode=40000,user_id=0,group_id=0,allow_other"
    if libc.mount(b"silent", folder.encode(), b"fuse", 0, options.encode()) < 0:
        sys.exit(f"mount: {os.strerror(ctypes.get_errno())}")
    try:
        serve(fd, asked)
    finally:
        os.close(fd)  # those who wait get an error now
        libc.umount2(folder.encode(), 2)


main()
