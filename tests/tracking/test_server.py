"""A tracking server that asks for a password, and one that is down for a while."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from colonnade.errors import TrackingError
from colonnade.tracking.recording.recorder import Recorder, RunStart
from colonnade.tracking.tracking_params import TrackingParams
from tests.loopback import listening

from .conftest import answers, free_port, journals, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # MLflow's own
RUN = RunStart("phones", "the run", {"training.epochs": 3})
LOGIN = "Basic " + base64.b64encode(b"me:secret").decode()


@contextmanager
def mlflow_server(folder: Path, port: int) -> Iterator[str]:
    """A real MLflow server on loopback."""
    words = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--port", str(port)]
    child = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--workers", "1", *words],
        cwd=folder,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}"), 180)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(child.pid, 15)
        child.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("server"), free_port()) as address:
        yield address


class Door(BaseHTTPRequestHandler):
    """Lets in who knows the password, and hands the rest on to the server behind it.

    What `strike` says yes to has come to the server, but the answer is lost.
    """

    protocol_version = "HTTP/1.1"
    behind = ""
    login = LOGIN
    strike: Callable[[str], bool] = staticmethod(lambda path: False)

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.login and self.headers.get("Authorization") != self.login:
            self._answer(401, b"who is there?")
            return
        headers = {name: self.headers[name] for name in ("Content-Type",) if name in self.headers}
        request = urllib.request.Request(
            self.behind + self.path, body or None, headers, method=self.command
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                body = answer.read()
                if self.command != "GET" and self.strike(self.path):
                    self.close_connection = True
                    return
                self._answer(answer.status, body)
        except urllib.error.HTTPError as error:
            self._answer(error.code, error.read())

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815  the base class's names

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def door_to(server: str, **settings: Any) -> Iterator[str]:
    handler = type("DoorToServer", (Door,), {"behind": server, **settings})
    with listening(handler) as address:
        yield address


@pytest.fixture
def door(server: str) -> Iterator[str]:
    with door_to(server) as address:
        yield address


def test_server_with_a_password_is_distinguished_from_one_that_is_down(
    tmp_path: Path, door: str
) -> None:
    with pytest.raises(TrackingError) as caught:
        Recorder.start(tmp_path, TrackingParams(uri=door), RUN)
    assert str(caught.value).startswith(
        f"The tracking server {door} requires a name and password: set "
        "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
    )


def test_run_is_recorded_behind_a_password_and_what_was_kept_is_delivered(
    tmp_path: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    figure = tmp_path / "figure.png"
    figure.write_bytes(b"first")
    away = TrackingParams(uri=f"http://127.0.0.1:{free_port()}", mode="optional")
    recorder = Recorder.start(tmp_path, away, RunStart("phones", "while away"))
    recorder.metrics({"test/accuracy": 0.5})
    recorder.artifact(figure, "figures")
    assert recorder.finish() is None
    figure.write_bytes(b"second")

    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "me")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "secret")
    recorder = Recorder.start(tmp_path, TrackingParams(uri=door), RUN)
    recorder.artifact(figure, "figures")
    recorded = recorder.finish()
    assert recorded is not None
    assert recorded.url.startswith(f"{door}/#/experiments/")
    wait_for(lambda: not journals(tmp_path))

    client = MlflowClient(door)
    runs = client.search_runs([recorded.experiment_id], order_by=["attributes.start_time ASC"])
    assert [run.info.run_name for run in runs] == ["while away", "the run"]
    assert [run.info.status for run in runs] == ["FINISHED", "FINISHED"]
    assert runs[0].data.metrics == {"test/accuracy": 0.5}
    contents = [
        Path(client.download_artifacts(run.info.run_id, "figures/figure.png")).read_bytes()
        for run in runs
    ]
    assert contents == [b"first", b"second"]
