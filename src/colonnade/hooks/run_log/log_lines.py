"""A run in plain lines of the log: where nobody looks on, or on no terminal."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from colonnade.hooks.run_log.stage_facts import shown
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from colonnade.hooks.run_log.run_outcome import RunOutcome
    from colonnade.hooks.run_log.stages import Stage, Stages
    from colonnade.training.progress import Watcher

logger = logging.getLogger("colonnade.run")


class LogLines:
    """Says in a line each what came of a stage and of a run."""

    watcher: Watcher | None = None

    def begin(self, stages: Stages) -> None:
        """Say nothing: lines begin with what has been done."""

    def started(self, stage: Stage) -> None:
        """Say nothing yet."""

    def done(self, stage: Stage) -> None:
        """Say what came of a stage."""
        logger.info("%s: %-8s %6.2f s  %s", stage.table, stage.name, stage.passed, stage.fact)

    def failed(self, stage: Stage) -> None:
        """Say where it failed; the error itself comes last."""
        logger.info("%s: %-8s %6.2f s  %s", stage.table, stage.name, stage.passed, _("failed"))

    def finish(self, outcomes: list[RunOutcome]) -> None:
        """Say what came of each table."""
        for outcome in outcomes:
            for line in lines_of(outcome):
                logger.info("%s: %s", outcome.table, line)

    def close(self) -> None:
        """Nothing to put away."""


def lines_of(outcome: RunOutcome) -> list[str]:
    """The verdict, where the report and the record are, and the next command."""
    lines = [outcome.headline + _(". ") + outcome.sentence]
    if outcome.report:
        lines.append(_("report in {path}", path=shown(outcome.report)))
    if outcome.page:
        lines.append(_("tracked as {page}", page=outcome.page))
        lines.append(_("all its runs, best first: {page}", page=outcome.all_runs))
    elif outcome.run_id:
        lines.append(_("tracked as run {id}: `make ui` shows it", id=outcome.run_id[:8]))
    return [*lines, f"{outcome.next_reason} {outcome.next_command}"]
