#!/usr/bin/env python3
"""The caller's end of --pidfd-socket: prints what it gets.

recvpidfd.py SOCKET

Listens on SOCKET, receives one descriptor by SCM_RIGHTS, and prints the text that came with it and
the pid that the descriptor stands for; then waits until that process ends and says so.
"""

import array
import select
import socket
import sys


def main():
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(sys.argv[1])
    listener.listen(1)
    connection, _ = listener.accept()
    fds = array.array("i")
    text, control, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(8 * fds.itemsize))
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    (pidfd,) = fds
    with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as info:
        pid = next(line.split()[1] for line in info if line.startswith("Pid:"))
    print(text.decode(), pid, flush=True)
    select.select([pidfd], [], [])
    print("ended", flush=True)


if __name__ == "__main__":
    main()
