"""A web server on this machine for as long as a test runs."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What a path is answered with.

    Args:
        ranges: whether a part may be asked for.
        length: what is claimed; None for the truth, -1 for nothing.
    """

    data: bytes = b""
    status: int = 200
    ranges: bool = True
    length: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Web:
    """A running server: its address, what it answers, and what it was asked and sent."""

    url: str
    answers: dict[str, Answer | Callable[[], Answer]]
    asked: list[str] = field(default_factory=list)
    sent: int = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # a busy machine is slow to take up connections

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what some tests want."""


@contextmanager
def serving(answers: dict[str, Answer | Callable[[], Answer]]) -> Iterator[Web]:
    """Serve these paths on 127.0.0.1; everything else is a 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            web.asked.append(f"{self.command} {self.path}")
            found = web.answers.get(self.path.partition("?")[0], Answer(status=404))
            answer = found() if callable(found) else found
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            data, status = answer.data, answer.status
            self._begin = {"ETag": f'"{hashlib.sha256(data).hexdigest()[:16]}"', **answer.headers}
            if wanted and answer.ranges and status == 200:
                first, last = int(wanted[1]), int(wanted[2] or len(data) - 1)
                self._begin["Content-Range"] = f"bytes {first}-{min(last, len(data) - 1)}/{len(data)}"
                data, status = data[first : last + 1], 206
            self.send_response(status)
            length = len(data) if answer.length is None else answer.length
            if length >= 0:
                self._begin["Content-Length"] = str(length)
            self._begin["Accept-Ranges"] = "bytes" if answer.ranges else "none"
            for name, value in self._begin.items():
                self.send_header(name, value)
            if answer.length is not None:
                self.close_connection = True
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command == "GET":
                web.sent += len(data)
                self.wfile.write(data)

        do_HEAD = do_GET  # noqa: N815 - the name is http.server's

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    web = Web(f"http://127.0.0.1:{server.server_address[1]}", answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
