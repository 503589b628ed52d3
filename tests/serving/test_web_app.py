"""What the server takes and answers, without a socket."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest

from colonnade.serving.live_model import Live
from colonnade.serving.serving_params import ServingParams
from colonnade.serving.web_app import WebApp
from colonnade.training import TrainedModel


@dataclass
class Answer:
    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.json["predictions"])


@dataclass
class Fixed:
    now: Live
    table: str = "homes"
    n_changes: int = 0


class Client:
    """Calls the application as a server does."""

    def __init__(self, model: TrainedModel, **params: Any) -> None:
        live = Live(model, "version 3", "abc (a run)", "d1")
        self.app = WebApp(Fixed(live), ServingParams.model_validate(params))  # type: ignore[arg-type]

    def __call__(
        self,
        path: str,
        body: bytes | None = None,
        kind: str = "application/json",
        accept: str = "*/*",
        *,
        lengthless: bool = False,
    ) -> Answer:
        path, _, query = path.partition("?")
        headers = [(b"content-type", kind.encode()), (b"accept", accept.encode())]
        if body is not None and not lengthless:
            headers.append((b"content-length", str(len(body)).encode()))
        scope = {
            "type": "http",
            "method": "GET" if body is None else "POST",
            "path": path,
            "query_string": query.encode(),
            "headers": headers,
        }
        sent: list[dict[str, Any]] = []
        parts = [(body or b"")[at : at + 1000] for at in range(0, len(body or b"") + 1, 1000)]

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        # in a thread of its own: that of a browser's tests has a loop already
        with ThreadPoolExecutor(max_workers=1) as threads:
            threads.submit(asyncio.run, self.app.application(scope, receive, send)).result()
        found = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], found, body)

    def rows(self, rows: Any, path: str = "/predict") -> Answer:
        return self(path, json.dumps(rows).encode())


@pytest.fixture
def client(priced: TrainedModel) -> Client:
    return Client(priced)


def row(**cells: Any) -> dict[str, Any]:
    usual = {"area": 88.5, "rooms": 3, "city": "Bonn", "grade": "low", "garden": True}
    return {**usual, "sold": "2024-05-15", **cells}


def test_json_csv_and_the_files_rows_have_the_same_answers(client, homes, priced, tmp_path):
    homes.to_csv(tmp_path / "homes.csv", index=False)
    expected = priced.predict(tmp_path / "homes.csv").reset_index(drop=True)
    csv = client("/predict", (tmp_path / "homes.csv").read_bytes(), "text/csv", "application/json")
    pd.testing.assert_frame_equal(csv.frame, expected)
    typed = [
        {
            name: float(cell) if name in ("rooms", "area") and cell else cell or None
            for name, cell in cells.items()
        }
        for cells in homes.to_dict("records")
    ]
    pd.testing.assert_frame_equal(client.rows(typed).frame, expected)
    split = {"columns": list(homes), "data": homes.to_numpy().tolist()}
    pd.testing.assert_frame_equal(client.rows({"dataframe_split": split}).frame, expected)
    assert (expected["outside"] != "").any()


def test_a_decimal_in_a_column_of_whole_numbers_is_not_cut(client):
    cut, whole, exact = (client.rows([row(rooms=value)]).frame for value in (3, 3.0, 3.9))
    assert cut.equals(whole)
    assert exact["prediction"][0] > cut["prediction"][0]
    beside = client.rows([row(rooms=3), row(rooms=3.9)]).frame
    assert beside["prediction"].tolist() == [cut["prediction"][0], exact["prediction"][0]]


def test_a_single_row_needs_no_list(client):
    assert client.rows(row()).frame.equals(client.rows({"rows": [row()]}).frame)


def test_csv_is_answered_by_csv_that_names_its_model(client):
    answer = client(
        "/predict",
        b"rooms,area,city,grade,garden,sold\n3,80,Bonn,low,no,2024-02-15\n",
        "text/csv; charset=utf-8",
    )
    header, line = answer.body.decode().splitlines()
    assert header == "prediction,lower,upper,outside"
    assert float(line.split(",")[0]) > 0
    assert answer.headers["x-model-sha256"] == "d1"
    assert answer.headers["content-type"].startswith("text/csv")


def test_wrong_cells_are_named_by_row_and_column(client):
    answer = client.rows([row(), row(rooms=-4), row(area="much")])
    assert answer.code == 422
    problems = [
        {key: problem[key] for key in ("row", "column", "value")}
        for problem in answer.json["problems"]
        if "row" in problem
    ]
    assert sorted(problems, key=lambda problem: problem["row"]) == [
        {"row": 2, "column": "rooms", "value": "-4"},
        {"row": 3, "column": "area", "value": "'much'"},
    ]


@pytest.mark.parametrize(
    ("body", "kind", "code", "words"),
    [
        (b"{", "application/json", 422, "not JSON"),
        (b'[{"area": NaN}]', "application/json", 422, "NaN is no number"),
        (b"[1, 2]", "application/json", 422, "no rows"),
        (b"[]", "application/json", 422, "no rows"),
        (b'[{"area": [1]}]', "application/json", 422, "column 'area', row 1: [1] is no cell"),
        (b'[{"rooms": 3}]', "application/json", 422, "there is no column 'area'"),
        (b"a,b\n1\n", "text/csv", 422, "line 2"),
        (b"\xff\xfe\x00", "application/json; charset=utf-8", 422, "not JSON"),
        (b"<rows/>", "application/xml", 415, "application/xml is not read"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(client, body, kind, code, words):
    answer = client("/predict", body, kind)
    assert (answer.code, words in answer.json["error"]) == (code, True), answer.json


def test_a_whole_number_of_more_digits_than_a_double_has_is_refused(client):
    answer = client.rows([row(area=2**53 + 1)])
    assert answer.code == 422
    assert "digits are lost" in answer.json["error"]


def test_too_many_rows_or_bytes_are_refused(priced):
    client = Client(priced, max_rows=2, max_bytes=3000)
    assert client.rows([row()] * 2).code == 200
    assert client.rows([row()] * 3).code == 413
    large = json.dumps([row(city="B" * 4000)]).encode()
    assert client("/predict", large).code == 413
    assert client("/predict", large, lengthless=True).code == 413


def test_the_share_of_an_interval_may_be_asked_for(client):
    usual, wide = (
        client.rows([row()], path).frame for path in ("/predict", "/predict?coverage=0.95")
    )
    assert wide["upper"][0] > usual["upper"][0]
    assert client.rows([row()], "/predict?coverage=most").code == 422


def test_it_counts_what_it_answers(client):
    client.rows([row(), row(city="Ulm")])
    client("/predict", b"{")
    text = client("/metrics").body.decode()
    assert 'colonnade_requests_total{path="/predict",code="200"} 1' in text
    assert 'colonnade_requests_total{path="/predict",code="422"} 1' in text
    assert "colonnade_rows_total 2" in text
    assert "colonnade_outside_rows_total 1" in text
    assert "colonnade_request_seconds_count 2" in text
    assert "colonnade_requests_in_flight 0" in text


def test_the_example_of_its_description_is_answered(client):
    document = client("/openapi.json").json
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    example = content["application/json"]["example"]
    assert list(example[0]) == list(content["application/json"]["schema"]["items"]["properties"])
    answer = client.rows(example)
    assert answer.code == 200
    assert answer.frame["outside"][0] == ""
    page = client("/").body.decode()
    assert "http://" not in page
    assert "<code>grade</code>" in page


def test_it_is_ready_until_it_drains(client):
    assert (client("/health").code, client("/ready").code) == (200, 200)
    client.app.draining = True
    assert (client("/health").code, client("/ready").code) == (200, 503)
