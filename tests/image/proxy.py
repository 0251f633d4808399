#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy of HTTP: proxy.py FOLDER. FOLDER/port is where it listens; FOLDER/asked has a line for each
request: method, what for, user and password."""

import base64
import http.server
import os
import shutil
import socket
import sys
import threading
import urllib.error
import urllib.request

FOLDER = sys.argv[1]
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def pass_on(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in source, target:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def note(self):
        kind, _, secret = self.headers.get("Proxy-Authorization", "").partition(" ")
        with open(FOLDER + "/asked", "a", encoding="utf-8") as file:
            file.write("%s %s %s\n" % (self.command, self.path,
                                       base64.b64decode(secret).decode() if kind == "Basic" else "-"))

    def do_CONNECT(self):
        self.note()
        host, port = self.path.rsplit(":", 1)
        if host == "registry.refused":
            return self.send_error(403)
        with socket.create_connection((host, int(port))) as there:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=pass_on, args=(there, self.connection), daemon=True)
            back.start()
            pass_on(self.connection, there)
            back.join()
        self.close_connection = True

    def do_GET(self):
        self.note()
        headers = {name: value for name, value in self.headers.items() if name != "Proxy-Authorization"}
        try:
            answer = direct.open(urllib.request.Request(self.path, headers=headers))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            shutil.copyfileobj(answer, self.wfile)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(FOLDER + "/port.new", "w", encoding="utf-8") as port_file:
    port_file.write(str(server.server_port))
os.rename(FOLDER + "/port.new", FOLDER + "/port")
server.serve_forever()
