"""A loopback HTTP server with faults: the base of the stubs of vendors' services."""

import contextlib
import json
import os
import re
import signal
import socket
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Fault:
    """What happens to the next `times` requests that match.

    `kind`: an HTTP status; "reset" before the request is worked on, "reset-after" it; "hang";
    "garbage" and "truncated" answers after it; "kill" and "kill-after", which kill the process
    `victim` instead; or a function that changes the answer. The first `skip` requests that match
    are let through.
    """

    method: str
    path: str
    kind: object
    times: int = 1
    skip: int = 0


@dataclass
class VendorStub:
    """Serves `answer(method, path, query, body)` of a subclass on a free port."""

    faults: list = field(default_factory=list)
    seen: list = field(default_factory=list)
    token: str = ""
    victim: int = 0

    def __enter__(self):
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                stub._respond(self, self.command, body)

            do_GET = do_POST = do_PUT = do_DELETE = _serve

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def fail(self, method, path, kind, times=1, skip=0):
        self.faults.append(Fault(method, path, kind, times, skip))

    def answer(self, method, path, query, body):
        raise NotImplementedError

    def allowed(self, headers):
        return self.token in headers.get("Authorization", "")

    def error(self, status):
        return {"statusCode": status, "error": "fault", "message": f"fault {status}"}

    def _fault(self, method, path):
        for fault in self.faults:
            if fault.times > 0 and fault.method == method and re.search(fault.path, path):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault.kind
        return None

    def _respond(self, handler, method, body):
        parts = urlsplit(handler.path)
        path = unquote(parts.path)
        with self._lock:
            self.seen.append((method, path))
            kind = self._fault(method, path)
        if kind == "kill":
            os.kill(self.victim, signal.SIGKILL)
        if kind in ("reset", "kill"):
            return _reset(handler)
        if kind == "hang":
            self._stopped.wait(60)
            return _reset(handler)
        if isinstance(kind, int):
            return _send(handler, kind, self.error(kind))
        if not self.allowed(handler.headers):
            return _send(handler, 401, self.error(401))
        with self._lock:
            status, document = self.answer(method, path, parse_qs(parts.query), body)
        if kind == "kill-after":
            os.kill(self.victim, signal.SIGKILL)
        if kind in ("reset-after", "kill-after"):
            return _reset(handler)
        if kind == "garbage":
            return _send(handler, 200, None, b"<html>not what you asked for</html>")
        if callable(kind):
            document = kind(document)
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        if kind == "truncated":
            return _send(handler, status, None, text, cut=len(text) // 2)
        return _send(handler, status, None, text)


def _send(handler, status, document, text=None, cut=None):
    text = json.dumps(document).encode() if text is None else text
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(text)))
    handler.end_headers()
    with contextlib.suppress(OSError):
        handler.wfile.write(text[:cut])
    if cut is not None:
        handler.close_connection = True


def _reset(handler):
    handler.close_connection = True
    linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    handler.connection.close()
