"""Runs the web application: one process, one core, until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING

import uvicorn

from colonnade.errors import ParameterError
from colonnade.serving.web_app import WebApp

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from colonnade.serving.live_model import LiveModel
    from colonnade.serving.serving_params import ServingParams

logger = logging.getLogger(__name__)


def serve(live: LiveModel, params: ServingParams, started: Callable[[str], None]) -> None:
    """Answer requests until SIGTERM or SIGINT; those under way are finished first.

    Args: started: told the address once requests are taken.

    Raises: ParameterError if the address cannot be had.
    """
    import torch

    torch.set_num_threads(1)  # of a few rows each: more threads cost more than they bring
    app = WebApp(live, params)
    config = uvicorn.Config(
        app.application,
        host=params.host,
        port=params.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=max(1, round(params.drain)),
        server_header=False,
        lifespan="off",
    )
    # uvicorn hands the signal on once all is answered: that is no failure then
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        asyncio.run(_Server(config, app, started).run())
    finally:
        signal.signal(signal.SIGTERM, before)


class _Server(uvicorn.Server):
    """Uvicorn's, which looks for another champion as it goes."""

    def __init__(self, config: uvicorn.Config, app: WebApp, started: Callable[[str], None]) -> None:
        super().__init__(config)
        self.app, self.started_at = app, started

    async def run(self) -> None:  # type: ignore[override]
        """Serve, and look."""
        looking = asyncio.create_task(self._look())
        try:
            await self.serve()
        finally:
            looking.cancel()
        if not self.started:
            params = self.app.params
            raise ParameterError(
                f"{params.host}:{params.port} cannot be listened on: it is taken, or not of this "
                "machine. Choose another: --port, --host."
            )

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """Take requests, and say where."""
        try:
            await super().startup(sockets)
        except SystemExit:  # the address is taken, which uvicorn has logged
            self.should_exit = True
            return
        if self.started:
            port = self.servers[0].sockets[0].getsockname()[1]
            self.started_at(f"http://{self.config.host}:{port}")

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Say that it drains, then finish what is under way."""
        self.app.draining = True
        logger.info("%d requests under way are finished first", self.app.metrics.in_flight)
        await super().shutdown(sockets)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.app.params.refresh)
            await loop.run_in_executor(None, self.app.live.look)
