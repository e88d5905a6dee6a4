"""A local HTTP server with good and bad ways to serve one file, a path for each."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import os
import re
import threading
from collections.abc import Iterator
from unittest import mock

import numpy as np

CONTENT = np.random.default_rng(0).bytes(20_000)
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
SIZE = len(CONTENT)
OTHER = CONTENT[::-1]  # of the same length

# The last part of an address, and whether the file can be had from it.
WAYS = {
    "ranges": True,
    "no-ranges": True,
    "redirect": True,
    "no-length": True,
    "chunked": True,
    "claims-gzip": True,
    "too-long": True,  # the rest is not read
    "wrong-part": True,
    "another-part": True,
    "unsatisfiable": True,
    "drops-every-6000": True,
    "drops-every-1000": False,
    "404": False,
    "500": False,
    "503": False,
    "redirect-to-itself": False,
    "redirect-to-nowhere": False,
    "redirect-to-a-file": False,
    "refuses-ranges": True,
    "always-a-part": False,
    "other-content": False,
    "page": False,
    "page-without-length": False,
    "empty": False,
    "short": False,
    "announces-more": False,
    "announces-nonsense": False,
    "endless": False,
    "drops-at-once": False,
    "no-http": False,
    "silent": False,
    "silent-after-10000": True,
    "drips": False,
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers a GET as the path says; HTTP/1.0, a connection for each."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        way = self.path.rpartition("/")[2]
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self.start = int(found[1]) if found else 0
        self.server.asked.append((way, self.start))
        with contextlib.suppress(ConnectionError):
            if way.isdigit():
                self.answer(int(way), b"there is nothing here")
            elif way.startswith("drops-after-"):
                self.part(cut=int(way.rpartition("-")[2]))
            else:
                getattr(self, way.replace("-", "_"))()

    def answer(self, status, content=b"", length=None, **headers):
        """Send a whole answer; `length` is what is announced."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def part(self, content=CONTENT, cut=SIZE, start=None, **headers):
        """Send what was asked for of `content`, but at most `cut` bytes of it."""
        start = self.start if start is None else start
        body = content[start:]
        if start:
            headers["Content_Range"] = f"bytes {start}-{SIZE - 1}/{SIZE}"
        self.answer(206 if start else 200, body[:cut], len(body), **headers)

    def unannounced(self, *blocks):
        """Send blocks, the end of the connection is the end."""
        self.send_response(200)
        self.end_headers()
        for block in blocks:
            self.wfile.write(block)

    def ranges(self):
        self.part()

    def no_ranges(self):
        self.answer(200, CONTENT)

    def redirect(self):
        self.answer(302, Location="/ranges")

    def no_length(self):
        self.unannounced(CONTENT)

    def chunked(self):
        self.protocol_version = "HTTP/1.1"
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Connection", "close")
        self.end_headers()
        for block in (CONTENT[:7], CONTENT[7:], b""):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))

    def claims_gzip(self):
        self.part(Content_Encoding="x-gzip")

    def too_long(self):
        self.unannounced(CONTENT, b"and more")

    def wrong_part(self):
        if self.start:
            self.answer(206, CONTENT, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE}")
        else:
            self.part()

    def another_part(self):
        self.part(OTHER if self.start else CONTENT)

    def unsatisfiable(self):
        self.answer(416) if self.start else self.part()

    def refuses_ranges(self):
        self.answer(403) if self.start else self.part()

    def drops_every_6000(self):
        self.part(cut=6000)

    def drops_every_1000(self):
        self.part(cut=1000)

    def redirect_to_itself(self):
        self.answer(302, Location=self.path)

    def redirect_to_nowhere(self):
        self.answer(301, Location="http://127.0.0.1:9/ranges")

    def redirect_to_a_file(self):
        self.answer(301, Location="file:///etc/hostname")

    def always_a_part(self):
        self.answer(206, CONTENT, Content_Range=f"bytes 0-{SIZE - 1}/{SIZE + 1}")

    def other_content(self):
        self.part(OTHER)

    def page(self):
        self.answer(200, b"<html>please log in</html>")

    def page_without_length(self):
        self.unannounced(b"<html>please log in</html>")

    def empty(self):
        self.answer(200)

    def short(self):
        self.answer(200, CONTENT[:-1])

    def announces_more(self):
        self.answer(200, CONTENT, SIZE + 1)

    def announces_nonsense(self):
        self.answer(200, CONTENT, "plenty")

    def endless(self):
        self.unannounced(*(bytes(2**16) for _ in range(2**14)))

    def drops_at_once(self):
        pass

    def no_http(self):
        self.wfile.write(b"220 mail.example ESMTP\r\n")

    def silent(self):
        self.server.over.wait()

    def silent_after_10000(self):
        if self.start:
            self.part()
        else:
            self.part(cut=10000)
            self.server.over.wait()

    def drips(self):
        self.send_response(200)
        self.send_header("Content-Length", str(SIZE))
        self.end_headers()
        if not self.start:
            self.wfile.write(CONTENT[:100])
        # Asked again it sends far less than before: the answer gains nothing on the last one.
        while not self.server.over.wait(0.4 if self.start else 0.02):
            self.wfile.write(b"x")


class Server(http.server.ThreadingHTTPServer):
    """Remembers in `asked` what was asked of it: ways, and first bytes wanted.

    Those that are silent or drip do so until the server is `over`.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, int]] = []
        self.over = threading.Event()
        self.address = f"http://127.0.0.1:{self.server_port}"


@contextlib.contextmanager
def serving() -> Iterator[Server]:
    """Serve until the block ends, and let nobody's proxy come between."""
    with mock.patch.dict(os.environ, NO_PROXY="127.0.0.1"), Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
