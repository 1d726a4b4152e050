# SPDX-License-Identifier: Apache-2.0
"""Stands between a client and an HDFS, and makes connections fail in chosen ways.

Requests to the NameNode are passed on, and the DataNodes that it names are replaced by ports of this gateway, so that all
bytes come through here.
"""

import http.client
import http.server
import json
import re
import socket
import threading


class FaultyGateway:
    """`cuts`: after how many bytes the next connections to a DataNode are cut, in either direction. `refusals`: how many
    further DataNode connections are closed at once. `name_node_down`: whether the NameNode refuses everybody.
    `strange_answers`: how many answers of the NameNode are replaced by a page of another server."""

    def __init__(self, name_node):
        self.name_node = name_node
        self.cuts = []
        self.refusals = 0
        self.name_node_down = False
        self.strange_answers = 0
        self.faults = 0  # that happened
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

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.uri = f"webhdfs://127.0.0.1:{self._server.server_port}"

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        for listener in self._listeners:
            listener.close()

    def ask(self, method, path, body):
        """The NameNode's answer, with other DataNodes."""
        with self._lock:
            if self.strange_answers > 0:
                self.strange_answers -= 1
                self.faults += 1
                return 200, b"<html>log in to the hotel's network</html>"
        connection = http.client.HTTPConnection(self.name_node, timeout=60)
        connection.request(method, path, body=body)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if b'"Location"' in text:
            where = json.loads(text)["Location"]
            node = re.match(r"http://([^/]+)/", where)[1]
            text = json.dumps({"Location": where.replace(node, f"127.0.0.1:{self._port_for(node)}", 1)}).encode()
        return answer.status, text

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
                self.refusals -= 1 if refuse else 0
                cut = None if refuse or not self.cuts else self.cuts.pop(0)
            if refuse:
                self.faults += 1
                client.close()
                continue
            threading.Thread(target=self._connect, args=(client, node, cut), daemon=True).start()

    def _connect(self, client, node, cut):
        host, port = node.split(":")
        with client, socket.create_connection((host, int(port))) as server:
            budget = [cut]
            back = threading.Thread(target=self._pass_on, args=(server, client, budget), daemon=True)
            back.start()
            self._pass_on(client, server, budget)
            back.join()

    def _pass_on(self, source, target, budget):
        """`budget`: a list with the bytes that may still pass, in both directions together; None for no limit."""
        try:
            while data := source.recv(65536):
                if budget[0] is not None:
                    if budget[0] <= len(data):
                        target.sendall(data[:budget[0]])
                        self.faults += 1
                        raise ConnectionError
                    budget[0] -= len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            for end in (source, target):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
