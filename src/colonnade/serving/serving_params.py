"""What a server of predictions allows."""

from __future__ import annotations

from pydantic import Field

from colonnade.parameters import Params
from colonnade.training.models.conformal import COVERAGE


class ServingParams(Params):
    """Limits of one request, and how often the champion is looked up."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    max_rows: int = Field(10_000, ge=1)
    max_bytes: int = Field(16 * 2**20, ge=1)
    """Of a request's body."""
    refresh: float = Field(2.0, gt=0)
    """Seconds between two looks at which model is the champion."""
    drain: float = Field(30.0, gt=0)
    """Seconds that requests under way have to finish after SIGTERM."""
    coverage: float = Field(COVERAGE, gt=0, lt=1)
    """How often a number should lie in its interval, where a request does not say."""
