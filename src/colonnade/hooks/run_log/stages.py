"""The stages of a run: which have begun, and which have written all that they make."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from kedro.pipeline.node import Node


@dataclass
class Stage:
    """One stage of one table's way.

    pending: datasets that it has still to write. facts: what there is to say of those written.
    """

    table: str
    name: str
    pending: set[str] = field(default_factory=set)
    facts: list[str] = field(default_factory=list)
    began: float = 0.0
    seconds: float | None = None

    @property
    def passed(self) -> float:
        """Seconds since it began, or that it took."""
        return time.perf_counter() - self.began if self.seconds is None else self.seconds

    @property
    def fact(self) -> str:
        """What came of it."""
        return "; ".join(self.facts)


class Stages:
    """Every stage of a pipeline, in its order."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.all: list[Stage] = []
        for node in pipeline.nodes:
            stage = self._of(node) or self._add(node)
            stage.pending.update(node.outputs)

    @property
    def tables(self) -> list[str]:
        """The tables that pass through."""
        return list(dict.fromkeys(stage.table for stage in self.all))

    @property
    def waiting(self) -> list[Stage]:
        """Stages that have not begun."""
        return [stage for stage in self.all if not stage.began]

    @property
    def running(self) -> list[Stage]:
        """Stages that have begun and not ended."""
        return [stage for stage in self.all if stage.began and stage.seconds is None]

    def begin(self, node: Node) -> Stage | None:
        """The stage that begins with a node, if one does."""
        stage = self._of(node)
        if stage is None or stage.began:
            return None
        stage.began = time.perf_counter()
        return stage

    def wrote(self, dataset: str, fact: str) -> Stage | None:
        """The stage that ends with a dataset, if one does."""
        for stage in self.all:
            if dataset in stage.pending:
                stage.pending.discard(dataset)
                stage.facts += [fact] if fact else []
                if not stage.pending:
                    stage.seconds = stage.passed
                    return stage
        return None

    def _of(self, node: Node) -> Stage | None:
        place = _place(node)
        return next((one for one in self.all if (one.table, one.name) == place), None)

    def _add(self, node: Node) -> Stage:
        stage = Stage(*_place(node))
        self.all.append(stage)
        return stage


def _place(node: Node) -> tuple[str, str]:
    """The table of a node, and its stage."""
    table, _, stage = (node.namespace or node.name).partition(".")
    return table, stage or node.name
