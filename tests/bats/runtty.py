#!/usr/bin/env python3
"""A user at a terminal: runs a command on a new terminal and prints what the user would see.

runtty.py [--input TEXT] [--size ROWSxCOLUMNS] COMMAND...

--input is typed once the command has written something. The exit code is the command's, 128 + n
for a signal.
"""

import argparse
import errno
import fcntl
import os
import pty
import struct
import sys
import termios


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input")
    parser.add_argument("--size", default="24x80")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    rows, columns = map(int, options.size.split("x"))
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvp(options.command[0], options.command)
    while True:
        try:
            data = os.read(master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            break
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        if options.input:
            os.write(master, options.input.encode())
            options.input = None
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
