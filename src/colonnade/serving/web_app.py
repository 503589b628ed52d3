"""The web application: one path that predicts, and those that say how it is."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from colonnade.errors import UserError
from colonnade.serving.incoming_rows import TooManyRowsError, UnknownFormatError, read_body
from colonnade.serving.openapi_page import openapi, page
from colonnade.serving.outgoing_answers import (
    CSV,
    JSON,
    as_csv,
    as_json,
    message,
    refusal,
    wants_csv,
)
from colonnade.serving.request_metrics import RequestMetrics

if TYPE_CHECKING:
    from starlette.requests import Request

    from colonnade.serving.live_model import Live, LiveModel
    from colonnade.serving.serving_params import ServingParams

AT_ONCE = 32 * 1024
"""A body of fewer bytes is answered at once: a thread would take longer than it does."""


class WebApp:
    """Answers requests with the live model.

    draining: set where the server takes no further requests.
    """

    def __init__(self, live: LiveModel, params: ServingParams) -> None:
        self.live, self.params = live, params
        self.metrics = RequestMetrics()
        self.draining = False
        self._worker = ThreadPoolExecutor(1, "predict")
        self.application = Starlette(
            routes=[
                Route("/", self.page),
                Route("/predict", self.predict, methods=["POST"]),
                Route("/health", self.health),
                Route("/ready", self.ready),
                Route("/model", self.model),
                Route("/metrics", self.counts),
                Route("/openapi.json", self.openapi),
            ],
            exception_handlers={HTTPException: _refuse},
        )

    async def predict(self, request: Request) -> Response:
        """Predict the rows of the body."""
        began = time.perf_counter()
        self.metrics.began()
        response = Response(status_code=499)  # of a client that is gone
        try:
            response = await self._predict(request)
        except ClientDisconnect:
            pass
        finally:
            self.metrics.ended("/predict", response.status_code, time.perf_counter() - began)
        return response

    async def _predict(self, request: Request) -> Response:
        live = self.live.now  # kept to the end, whatever takes its place meanwhile
        body = await self._body(request)
        if body is None:
            most = self.params.max_bytes
            return _json(413, message(f"The body has more than {most} bytes. Send fewer rows."))
        kind = request.headers.get("content-type", "")
        csv = wants_csv(request.headers.get("accept", ""), kind)
        words = (live, body, kind, request.query_params.get("coverage", ""), csv)
        if len(body) <= AT_ONCE:
            return self._answer(*words)
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._answer, *words)

    async def _body(self, request: Request) -> bytes | None:
        """The body; None if it is too large, of which no more is read."""
        most = self.params.max_bytes
        said = request.headers.get("content-length", "")
        if said.isdigit() and int(said) > most:
            return None
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > most:
                return None
            parts.append(part)
        return b"".join(parts)

    def _answer(self, live: Live, body: bytes, kind: str, coverage: str, csv: bool) -> Response:
        try:
            share = _share(coverage, self.params.coverage)
            rows = read_body(body, kind, self.params.max_rows)
            predictions = live.model.predict_quietly(rows, coverage=share)
        except TooManyRowsError as error:
            return _json(413, refusal(error))
        except UnknownFormatError as error:
            return _json(415, refusal(error))
        except UserError as error:
            return _json(422, refusal(error))
        self.metrics.predicted(len(rows), int((predictions["outside"] != "").sum()))
        content = as_csv(predictions) if csv else as_json(predictions, live.names)
        return Response(content, media_type=CSV if csv else JSON, headers=_names(live))

    async def health(self, request: Request) -> Response:
        """Say that the process runs."""
        return PlainTextResponse("ok\n")

    async def ready(self, request: Request) -> Response:
        """Say whether requests are taken."""
        if self.draining:
            return PlainTextResponse("draining\n", 503)
        return PlainTextResponse("ready\n")

    async def model(self, request: Request) -> Response:
        """Say which model answers, and where it comes from."""
        live = self.live.now
        return JSONResponse({**live.names, "origin": live.model.describe_origin()})

    async def counts(self, request: Request) -> Response:
        """Give counts and times."""
        return PlainTextResponse(self.metrics.text(self.live.now.names, self.live.n_changes))

    async def openapi(self, request: Request) -> Response:
        """Describe it to programs."""
        return JSONResponse(openapi(self.live.table, self.live.now, self.params))

    async def page(self, request: Request) -> Response:
        """Describe it to people."""
        return HTMLResponse(page(self.live.table, self.live.now, self.params))


def _share(given: str, usual: float) -> float:
    try:
        return float(given or usual)
    except ValueError:
        return 0.0  # which the model refuses in its own words


def _names(live: Live) -> dict[str, str]:
    """Which model it was, for those who read CSV."""
    return {"x-model-sha256": live.digest, "x-model-run": live.run.partition(" ")[0]}


def _json(code: int, content: bytes) -> Response:
    return Response(content, code, media_type=JSON)


async def _refuse(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    return _json(code, message(getattr(error, "detail", "") or "The server failed."))
