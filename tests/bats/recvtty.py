#!/usr/bin/env python3
"""The engine's end of --console-socket: takes the terminal's master and stands for its user.

recvtty.py SOCKET [--input TEXT] [--size ROWSxCOLUMNS]

Listens on SOCKET, receives one descriptor by SCM_RIGHTS, prints what the container writes to its
terminal until the container closes it. --input is typed into the terminal once it is there,
--size sets its size. The message that came with the descriptor goes to standard error.
"""

import argparse
import array
import errno
import fcntl
import os
import select
import socket
import struct
import sys
import termios


def receive(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(1)
    connection, _ = listener.accept()
    fds = array.array("i")
    text, control, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(8 * fds.itemsize))
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    if len(fds) != 1:
        sys.exit(f"recvtty: {len(fds)} descriptors instead of one")
    print(text.decode(errors="replace"), file=sys.stderr, flush=True)
    return fds[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("--input")
    parser.add_argument("--size")
    options = parser.parse_args()
    master = receive(options.socket)
    if not os.isatty(master):
        sys.exit("recvtty: not a terminal")
    if options.size:
        rows, columns = map(int, options.size.split("x"))
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    if options.input:
        os.write(master, options.input.encode())
    while True:
        select.select([master], [], [])
        try:
            data = os.read(master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            break
        if not data:
            break
        sys.stdout.buffer.write(data)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
