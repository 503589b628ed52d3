"""A web server on this machine, for as long as a test needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class QuietFiles(SimpleHTTPRequestHandler):
    """Files as any web server would give them."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def listening(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address at which a handler answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def files_of(
    folder: Path, handler: type[SimpleHTTPRequestHandler] = QuietFiles
) -> Callable[..., BaseHTTPRequestHandler]:
    """A handler that gives the files of a folder."""
    return partial(handler, directory=str(folder))
