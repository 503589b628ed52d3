"""Kedro-viz and the MLflow UI as real servers on loopback, and a real Chromium to look at them."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def find_chromium() -> str | None:
    """The browser of this machine, under any of its names."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


def free_port() -> int:
    """A port that nobody listens on; kedro-viz takes none above 49151."""
    for port in random.sample(range(20000, 32000), 100):
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no free port between 20000 and 32000")


@contextmanager
def served(folder: Path, *words: str, ready: str = "/") -> Iterator[str]:
    """Run `python -m words --port N` in a folder until the block ends; gives the address.

    The server's children would outlive it, so the whole process group is ended.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    log = folder / f"server-{port}.log"
    with log.open("w") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", *words, "--port", str(port)],
            cwd=folder,
            env={**os.environ, "KEDRO_DISABLE_TELEMETRY": "1", "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    try:
        _wait(address + ready, server, log)
        yield address
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:  # on a busy machine
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"no answer from {url}:\n{log.read_text()}")


def kedro_viz(folder: Path) -> object:
    """The graph of the project in a folder."""
    return served(folder, "kedro", "viz", "run", "--no-browser", ready="/api/main")


def mlflow_ui(folder: Path) -> object:
    """The runs of the project in a folder."""
    store = f"sqlite:///{folder / 'mlflow.db'}"
    return served(folder, "mlflow", "ui", "--backend-store-uri", store, "--workers", "1")
