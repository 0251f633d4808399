#!/usr/bin/env python3
"""The agent's end of linux.seccomp.listenerPath: answers system calls of containers from outside.

seccomp_agent.py SOCKET LOG [--leave]

Listens on SOCKET. Each connection brings one container process state, which is appended to LOG as
a line, and the listener of a seccomp filter (seccomp_unotify(2)), which is served from then on:

  mkdir, mkdirat  "answered", with the path, goes to LOG and the caller is told that it worked
  getcwd          the caller reads /from/outside
  any other       goes on as if there was no filter; its number goes to LOG

--leave: end as soon as the first listener has come. Ends when its standard input does, else.
"""

import argparse
import array
import fcntl
import os
import platform
import select
import socket
import struct
import sys

RECEIVE, SEND = 0xC0502100, 0xC0182101
NOTIFICATION = struct.Struct("=QIIiIQ6Q")
RESPONSE = struct.Struct("=QqiI")
CONTINUE = 1
CALLS = {
    "x86_64": {83: "mkdir", 258: "mkdirat", 79: "getcwd"},
    "aarch64": {34: "mkdirat", 17: "getcwd"},
}[platform.machine()]


def receive(connection):
    fds = array.array("i")
    text, control, _, _ = connection.recvmsg(65536, socket.CMSG_LEN(8 * fds.itemsize))
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if len(fds) != 1:
        sys.exit(f"agent: {len(fds)} descriptors instead of one")
    if connection.recv(1):
        sys.exit("agent: more than one message on a connection")
    return text, fds[0]


def memory(pid):
    return os.open(f"/proc/{pid}/mem", os.O_RDWR | os.O_CLOEXEC)


def read_text(pid, address):
    fd = memory(pid)
    text = os.pread(fd, 256, address).split(b"\0")[0]
    os.close(fd)
    return text


def answer(log, pid, name, number, args):
    """The value for the caller, or None to let the call happen."""
    if name in ("mkdir", "mkdirat"):
        log.write(b"answered " + read_text(pid, args[name == "mkdirat"]) + b"\n")
        return 0
    if name == "getcwd":
        fd = memory(pid)
        os.pwrite(fd, b"/from/outside\0", args[0])
        os.close(fd)
        return len(b"/from/outside\0")
    log.write(b"passed %d\n" % number)
    return None


def serve(listener, log):
    """False when the last process under the filter has ended."""
    notification = bytearray(NOTIFICATION.size)
    try:
        fcntl.ioctl(listener, RECEIVE, notification)
    except OSError:
        return False
    ident, pid, _, number, _, _, *args = NOTIFICATION.unpack(notification)
    value = answer(log, pid, CALLS.get(number), number, args)
    flags = CONTINUE if value is None else 0
    try:
        fcntl.ioctl(listener, SEND, RESPONSE.pack(ident, value or 0, 0, flags))
    except FileNotFoundError:
        pass  # the caller was killed meanwhile
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("log")
    parser.add_argument("--leave", action="store_true")
    options = parser.parse_args()
    log = open(options.log, "ab", buffering=0)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    door.bind(options.socket)
    door.listen(8)
    poll = select.poll()
    poll.register(door, select.POLLIN)
    poll.register(sys.stdin, select.POLLIN)
    while True:
        for fd, event in poll.poll():
            if fd == sys.stdin.fileno():
                return
            if fd == door.fileno():
                text, listener = receive(door.accept()[0])
                log.write(text + b"\n")
                if options.leave:
                    return
                poll.register(listener, select.POLLIN)
            elif event & select.POLLHUP or not serve(fd, log):
                poll.unregister(fd)
                os.close(fd)


if __name__ == "__main__":
    main()
