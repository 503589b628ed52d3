"""Python processes without the seconds of imports: a server that has them in memory forks each.

A `kedro` command is a second of work behind four of imports. A server imports torch, pandas and
the like once; for each call it forks a process that does what `python -u -m ...` would and ends as
Python ends. It is as real as any: a number and a session of its own, files, signals, an exit code.
It meets its project for the first time: the server knows neither colonnade nor Kedro nor MLflow.

What the processes of a server share is what Python and its libraries settle as they start: the
seed of hashes, OMP_NUM_THREADS, warnings of imports. A test of these starts Python itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = Path(__file__).with_name("forkserver.py")
# What `python -X importtime -m kedro run` shows to be slow.
KEDRO = [
    "attrs",
    "dynaconf",
    "fsspec.implementations.local",
    "jinja2",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "omegaconf",
    "pandas",
    "pathspec",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "pydantic",
    "requests",
    "rich.logging",
    "safetensors.torch",
    "scipy.stats",
    "sklearn.linear_model",
    "sqlalchemy",
    "torch",
    "torchinfo",
]
# A fork takes no other thread along: neither those of numpy and torch, nor Arrow's.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


class Server:
    """A process that forks, with these modules in memory; it ends with the one that started it."""

    def __init__(self, modules: list[str], **env: str) -> None:
        self._calls, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                # unbuffered here, since a fork keeps the streams that it has
                [sys.executable, "-u", SCRIPT, str(theirs.fileno()), *modules],
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD, **env},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The number of the process that forks."""
        return self._process.pid

    def start(
        self, words: list[str], cwd: Path, env: dict[str, str], stdout: int, stderr: int
    ) -> Forked:
        """Begin `python words` with two open files to write to."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._calls, [b"!"], [theirs.fileno(), stdout, stderr])
        asked = {"words": words, "cwd": str(cwd), "env": env}
        ours.sendall(json.dumps(asked).encode() + b"\n")
        return Forked(words, ours)

    def run(
        self, words: list[str], cwd: Path, env: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """Run `python words` to its end, and give what it said."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            with self.start(words, cwd, env, out.fileno(), err.fileno()) as process:
                code = process.wait()
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(words, code, out.read(), err.read())

    def close(self) -> None:
        """End the server; processes that still run are killed when their `Forked` is closed."""
        self._calls.close()
        self._process.wait()


class Forked:
    """A forked process as `subprocess.Popen` shows one; leaving its block kills it."""

    stdin = stdout = stderr = None

    def __init__(self, words: list[str], door: socket.socket) -> None:
        self.args, self._door = words, door
        self.returncode: int | None = None
        self._news = door.makefile()
        self.pid = self._reported("began")

    def __enter__(self) -> Forked:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.wait()

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._door], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            if not select.select([self._door], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            with self._door, self._news:
                self.returncode = self._reported("ended")
        return self.returncode

    def _reported(self, what: str) -> int:
        word, _, number = self._news.readline().partition(" ")
        if word != what:
            self._door.close()
            self._news.close()
            raise RuntimeError(f"{self.args} could not be forked: the server's log says why")
        return int(number)

    def send_signal(self, sign: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sign)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)
