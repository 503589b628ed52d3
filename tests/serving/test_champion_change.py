"""A real server: many clients while the champion changes, and a goodbye that loses nobody."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from colonnade import load_model
from tests.conftest import environment, kedro_in, make_project

pytestmark = pytest.mark.slow
CLIENTS, REQUESTS = 32, 1000


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recorded runs of phone_price, unlike each other; the first is the champion."""
    folder = make_project(tmp_path_factory.mktemp("served") / "project", quick=True)
    kedro = kedro_in(folder)
    kedro("run", "--pipeline", "phone_price", "--params", "phone_price.training.epochs=3")
    kedro("register", "phone_price")
    kedro("run", "--pipeline", "phone_price")
    return folder


@contextmanager
def server(folder: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`kedro serve phone_price` in its own process, and the port that it took."""
    with (folder / "server.log").open("w") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "kedro", "serve", "phone_price", "--port", "0", *words],
            cwd=folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert child.stdout is not None
        for line in child.stdout:
            if line.startswith("Listening at"):
                yield child, int(line.split()[2].rpartition(":")[2])
                break
        else:
            pytest.fail((folder / "server.log").read_text())
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def post(door: http.client.HTTPConnection, body: str) -> tuple[int, dict]:
    door.request("POST", "/predict", body, {"content-type": "application/json"})
    reply = door.getresponse()
    return reply.status, json.loads(reply.read())


def models(folder: Path) -> dict[str, object]:
    """Every recorded model, by the run that it is of."""
    found = {}
    for path in folder.glob("mlruns/*/models/*/artifacts/data/model"):
        model = load_model(path)
        found[path.parts[-4]] = model
    return found


def test_no_request_is_lost_or_mixed_while_the_champion_changes(project):
    table = pd.read_csv(project / "data/01_raw/phone_price_sample.csv")
    rows = table.drop(columns="price_range").head(200)
    expected = [model.predict_quietly(rows) for model in models(project).values()]
    assert len(expected) == 2
    columns = [name for name in expected[0] if name.startswith("probability")]
    assert (expected[0][columns] - expected[1][columns]).abs().max(axis=None) > 0.01
    answers: list[tuple[int, str, list[int], dict]] = []
    half = threading.Event()

    def ask(client: int, port: int) -> None:
        door = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        rng = np.random.default_rng(client)
        with closing(door):
            for _ in range(client, REQUESTS, CLIENTS):
                chosen = rng.integers(0, len(rows), 5).tolist()
                code, answer = post(door, rows.iloc[chosen].to_json(orient="records"))
                answers.append((code, answer["model"]["sha256"], chosen, answer["predictions"]))
                if len(answers) >= REQUESTS // 2:
                    half.set()
                    time.sleep(0.4)  # for the other to be registered before the last are asked

    with server(project, "--refresh", "0.2") as (child, port):
        clients = [threading.Thread(target=ask, args=(i, port)) for i in range(CLIENTS)]
        for one in clients:
            one.start()
        assert half.wait(60)
        kedro_in(project)("register", "phone_price")
        for one in clients:
            one.join(120)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
    assert len(answers) == REQUESTS
    assert {code for code, *_ in answers} == {200}
    of_digest: dict[str, set[int]] = {}
    for _, digest, chosen, predictions in answers:
        given = pd.DataFrame(predictions)[columns].to_numpy()
        fits = {
            i
            for i, one in enumerate(expected)
            if np.allclose(given, one[columns].to_numpy()[chosen], rtol=0, atol=1e-9)
        }
        of_digest[digest] = of_digest.get(digest, {0, 1}) & fits
    assert sorted(map(len, of_digest.values())) == [1, 1]  # each answer is of one of the two


def test_a_request_under_way_is_answered_after_sigterm(project):
    table = pd.read_csv(project / "data/01_raw/phone_price_sample.csv")
    body = pd.concat([table.drop(columns="price_range")] * 5).to_csv(index=False).encode()
    with server(project) as (child, port):
        door = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        door.putrequest("POST", "/predict")
        door.putheader("content-type", "text/csv")
        door.putheader("content-length", str(len(body)))
        door.endheaders()
        door.send(body[:1000])
        time.sleep(0.5)
        child.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert child.poll() is None
        door.send(body[1000:])
        reply = door.getresponse()
        assert (reply.status, len(reply.read().splitlines())) == (200, 10_001)
        door.close()
        assert child.wait(30) == 0


def test_a_port_that_is_taken_is_told_in_words(project):
    with server(project) as (_, port):
        done = subprocess.run(
            [sys.executable, "-m", "kedro", "serve", "phone_price", "--port", str(port)],
            cwd=project,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr
