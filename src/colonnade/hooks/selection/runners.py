"""Kedro's runners, which leave out nodes whose results stand."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro.runner import ParallelRunner, SequentialRunner, ThreadRunner

from colonnade.hooks.selection.reuse import unchanged, without

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline


class _Reusing:
    """Mixed into a runner: it runs what has to run."""

    @property
    def _logger(self) -> logging.Logger:
        """Kedro's own, whose level `conf/logging.yml` sets."""
        return logging.getLogger("kedro.runner")

    def run(self, pipeline: Pipeline, catalog: Any, *rest: Any, **named: Any) -> dict[str, Any]:
        """Run the pipeline's nodes but those whose results stand."""
        left = without(pipeline, unchanged(pipeline, catalog))
        if not left.nodes:
            return {}
        found: dict[str, Any] = super().run(left, catalog, *rest, **named)  # type: ignore[misc]  # of the runner mixed with
        return found


class ReusingSequentialRunner(_Reusing, SequentialRunner):
    """One node after another."""


class ReusingThreadRunner(_Reusing, ThreadRunner):
    """Nodes side by side, in threads."""


class ReusingParallelRunner(_Reusing, ParallelRunner):
    """Nodes side by side, in processes."""
