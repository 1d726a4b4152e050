# SPDX-License-Identifier: Apache-2.0
"""Stands between a client and an HDFS, and makes connections fail in chosen ways.

Requests to the NameNode are passed on, and the DataNodes that it names are replaced by ports of this gateway, so that all
bytes come through here. With `tls`, an ssl.SSLContext of a server, clients must speak TLS.
"""

import http.client
import http.server
import json
import re
import socket
import threading
import time

from hdfs_cluster import free_port


class FaultyGateway:
    """What happens to the next connections to DataNodes: `cuts` and `stalls`, after how many bytes, in either
    direction, each is cut or falls silent (None for not at all); `flips`, which byte from the DataNode is changed;
    `longer`, how many bytes its answer announces and has besides its own; `slow`, how many seconds pass before each 64
    KiB; `refusals`, how many are closed at once; `dead`, how many lead to a port on which nobody listens; `plain`, how
    many are named without TLS; `lengths`, how many bytes more or less a read asks for. What happens to the next
    requests to the NameNode: `answers`, (status, body) instead of its own; `lasts`, how many seconds a token lasts that
    is renewed (None: it answers itself); `name_node_down`, whether it refuses everybody. `before_data` is called once,
    before the next DataNode is named. `asked` has all requests to the NameNode, and `faults` counts what happened."""

    def __init__(self, name_node, tls=None):
        self.name_node = name_node
        self.tls = tls
        self.cuts = []
        self.stalls = []
        self.flips = []
        self.longer = []
        self.lengths = []
        self.answers = []
        self.lasts = None
        self.slow = 0
        self.refusals = 0
        self.dead = 0
        self.plain = 0
        self.name_node_down = False
        self.before_data = None
        self.asked = []
        self.faults = 0
        self._lock = threading.Lock()
        self._ports = {}  # by DataNode
        self._listeners = []
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if gateway.name_node_down:
                    gateway.faults += 1
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                status, answer = gateway.ask(self.command, self.path, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = do_DELETE = forward

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # clients that do not trust it hang up

        self._server = Server(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.http = f"127.0.0.1:{self._server.server_port}"
        self.uri = f"{'swebhdfs' if tls else 'webhdfs'}://{self.http}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        for listener in self._listeners:
            listener.close()

    def ask(self, method, path, body):
        """The NameNode's answer, with other DataNodes."""
        with self._lock:
            self.asked.append(path)
            if self.answers:
                self.faults += 1
                return self.answers.pop(0)
            if self.lasts is not None and "op=RENEWDELEGATIONTOKEN" in path:
                return 200, json.dumps({"long": int((time.time() + self.lasts) * 1000)}).encode()
        connection = http.client.HTTPConnection(self.name_node, timeout=60)
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if b'"Location"' in text:
            text = json.dumps({"Location": self._through_here(json.loads(text)["Location"])}).encode()
        return answer.status, text

    def _through_here(self, where):
        node = re.match(r"http://([^/]+)/", where)[1]
        with self._lock:
            call, self.before_data = self.before_data, None
            dead = self.dead > 0
            self.dead -= dead
            plain = not self.tls or self.plain > 0
            self.plain -= self.plain > 0
            self.faults += dead + (plain and self.tls is not None)
            if self.lengths and "op=OPEN" in where:
                more = self.lengths.pop(0)
                where = re.sub(r"length=(\d+)", lambda match: f"length={int(match[1]) + more}", where)
                self.faults += 1
        if call:
            call()
        port = free_port() if dead else self._port_for(node)
        return where.replace(f"http://{node}", f"{'http' if plain else 'https'}://127.0.0.1:{port}", 1)

    def _port_for(self, node):
        with self._lock:
            if node not in self._ports:
                listener = socket.create_server(("127.0.0.1", 0))
                self._listeners.append(listener)
                self._ports[node] = listener.getsockname()[1]
                threading.Thread(target=self._accept, args=(listener, node), daemon=True).start()
            return self._ports[node]

    def _accept(self, listener, node):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed
            with self._lock:
                refuse = self.refusals > 0
                self.refusals -= refuse
                self.faults += refuse
                plan = {} if refuse else {name: faults.pop(0) for name, faults in
                                          (("cut", self.cuts), ("stall", self.stalls), ("flip", self.flips),
                                           ("longer", self.longer)) if faults}
            if refuse:
                client.close()
                continue
            threading.Thread(target=self._connect, args=(client, node, plan), daemon=True).start()

    def _connect(self, client, node, plan):
        host, port = node.split(":")
        try:
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            with client, socket.create_connection((host, int(port))) as server:
                changes = (plan.pop("flip", None), plan.pop("longer", None))
                back = threading.Thread(target=self._pass_on, args=(server, client, plan, *changes), daemon=True)
                back.start()
                self._pass_on(client, server, plan)
                back.join()
        except OSError:
            client.close()

    def _pass_on(self, source, target, plan, flip=None, longer=None):
        """`plan`: after how many bytes, in both directions together, something happens. `flip`: which byte is changed.
        `longer`: how many bytes are added."""
        rest = b""
        try:
            while data := source.recv(65536):
                time.sleep(self.slow)
                if longer is not None:
                    data = re.sub(rb"(?i)(content-length: *)(\d+)",
                                  lambda match: match[1] + b"%d" % (int(match[2]) + longer), data, count=1)
                    rest, longer = b"x" * longer, None
                    self.faults += 1
                if flip is not None and flip < len(data):
                    data = data[:flip] + bytes([data[flip] ^ 1]) + data[flip + 1:]
                    self.faults += 1
                flip = None if flip is None or flip < len(data) else flip - len(data)
                for name, left in plan.items():
                    if left is None:
                        continue
                    if left <= len(data):
                        target.sendall(data[:left])
                        self.faults += 1
                        if name == "stall":
                            time.sleep(60)
                        raise ConnectionError
                    plan[name] = left - len(data)
                target.sendall(data)
            target.sendall(rest)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
