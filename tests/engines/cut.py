#!/usr/bin/python3
"""Stands between the two sides of a migration (Unix sockets) and breaks it at one place.

cut.py LISTEN CONNECT ACTION WHO FRAME BYTES

When WHO (source, target) sends its first frame of number FRAME, so many BYTES of it go on (-1: all),
and then ACTION happens, once: "cut" closes both connections, "kill-source" and "kill-target" kill
that side's process, "cut-and-end" lets nobody connect again. Later connections are left alone. A line "broken" is printed when it is done.
"""
import os, signal, socket, struct, sys, threading

listen, connect, action, who, number, most = sys.argv[1:]
number, most = int(number), int(most)
done = threading.Event()


def pid_of_peer(connection):
    return struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return [int(word) for word in f.read().split()]


def read(connection, length):
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def end(*connections):
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def act(source, target):
    if action == "kill-source":
        os.kill(pid_of_peer(source), signal.SIGKILL)
    if action == "kill-target":
        for child in children(pid_of_peer(target)):
            os.kill(child, signal.SIGKILL)
    if action == "cut-and-end":
        os.unlink(listen)
    end(source, target)
    print("broken", flush=True)
    if action == "cut-and-end":
        os._exit(0)


def pump(sender, name, receiver, source, target):
    try:
        while True:
            header = read(sender, 8)
            kind, length = struct.unpack("<II", header)
            frame = header + read(sender, length)
            if name == who and kind == number and not done.is_set():
                done.set()
                receiver.sendall(frame if most < 0 else frame[:most])
                act(source, target)
                return
            receiver.sendall(frame)
    except (EOFError, OSError):
        end(source, target)


server = socket.socket(socket.AF_UNIX)
server.bind(listen)
server.listen()
while True:
    source, _ = server.accept()
    target = socket.socket(socket.AF_UNIX)
    try:
        target.connect(connect)
    except OSError:
        source.close()
        continue
    for arguments in ((source, "source", target), (target, "target", source)):
        threading.Thread(target=pump, args=(*arguments, source, target), daemon=True).start()
