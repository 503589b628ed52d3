"""`kedro run` of several tables: a run each, in turn, so that one that fails stops no other."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from colonnade.cli.messages import plain_message
from colonnade.errors import UserError
from colonnade.hooks.names import check_groups, check_tables
from colonnade.hooks.run_log import close_views, tables_in_turn
from colonnade.pipeline_registry import new_config_loader, project_root, read_once, table_names
from colonnade.tracking.recording.writer_process import one_writer
from colonnade.tracking.tracking_params import TrackingParams

if TYPE_CHECKING:
    from collections.abc import Callable

    from kedro.config import AbstractConfigLoader

PARTS = (
    "tags",
    "node_names",
    "from_nodes",
    "to_nodes",
    "from_inputs",
    "to_outputs",
    "namespaces",
    "load_versions",
)
"""Options that choose nodes: Kedro looks for them in all tables at once."""
MISSING = "only_missing_outputs"
ONE_FILE = ("raw", "rows")
logger = logging.getLogger(__name__)


class TablesError(UserError):
    """Some of the tables of a run failed; each reason, and which tables they are."""


def run_tables(kedro_run: Callable[..., dict[str, Any]], **options: Any) -> dict[str, Any]:
    """Do as `kedro run` does; several tables are run in turn, and one that fails is left out.

    Args: kedro_run: the work of Kedro's own command. options: its options.
    Raises: TablesError once all tables had their turn, if some failed.
    """
    _set_levels(options)
    options["runner"] = _reusing(options)
    asked = _asked(options)
    if asked is None:
        try:
            return kedro_run(**options)
        finally:
            close_views()
    loader, tables = asked
    results: dict[str, Any] = {}
    began = time.perf_counter()
    failed: dict[str, str] = {}
    tracking = TrackingParams.model_validate(loader["mlflow"])
    with (
        read_once(loader),
        one_writer(project_root(), tracking),
        tables_in_turn(tables) as view,
    ):
        for table in tables:
            if view is not None:
                view.turn(table)
            words = {k: v for k, v in options["params"].items() if k == table or k not in tables}
            try:
                one = {"pipeline": "", "pipelines": [table], "params": words}
                results |= kedro_run(**{**options, **one})
            except Exception as error:
                failed[table] = _reason(table, error)
                if view is not None:
                    view.broke(table)
                else:
                    logger.warning("%s: failed. The other tables still run.", table)
    if failed:
        raise TablesError(_account(failed, len(tables)))
    seconds = time.perf_counter() - began
    said = "%d tables in %.0f s. Next, to rank a table's runs: kedro compare NAME"
    logger.info(said, len(tables), seconds)
    return results


def _reusing(options: dict[str, Any]) -> str:
    """The runner that leaves out what has not changed, in place of one of Kedro's.

    Nodes that are asked for by name run in any case, and so do all with `--fresh`.
    """
    runner = options.get("runner") or "SequentialRunner"
    if options.pop("fresh", False) or any(map(options.get, (*PARTS, MISSING))):
        return str(runner)
    known = runner in ("SequentialRunner", "ThreadRunner", "ParallelRunner")
    return f"colonnade.hooks.selection.runners.Reusing{runner}" if known else runner


def _set_levels(options: dict[str, Any]) -> None:
    """Say more, or nothing but warnings, than conf/logging.yml does; Kedro does not know of it."""
    verbose, quiet = options.pop("verbose", False), options.pop("quiet", False)
    if verbose:
        logging.getLogger("colonnade").setLevel(logging.DEBUG)
        logging.getLogger("kedro").setLevel(logging.INFO)
    elif quiet:
        logging.getLogger("colonnade").setLevel(logging.WARNING)


def _asked(options: dict[str, Any]) -> tuple[AbstractConfigLoader, list[str]] | None:
    """Several tables that are asked for as a whole; None where anything else is.

    Raises: ParameterError for a word of the command that is wrong: no table is run then.
    """
    asked = [*options["pipelines"], *filter(None, [options["pipeline"]])]
    words = options["params"]
    if len(asked) == 1 or any(map(options.get, PARTS)) or any(word in words for word in ONE_FILE):
        return None
    loader = new_config_loader(options["env"], options["conf_source"], words)
    known = table_names(loader)
    if not set(asked) <= set(known):
        return None
    tables = [name for name in known if name in asked] if asked else known
    check_tables(words, known, tables)
    check_groups(words, [name for name in known if name in words])
    return (loader, tables) if len(tables) > 1 else None


def _reason(table: str, error: Exception) -> str:
    message = plain_message(error)
    if message is None:
        logger.error("%s: a bug in colonnade, not a problem of the table:", table, exc_info=error)
        return f"{type(error).__name__}: {error}"
    return message


def _account(failed: dict[str, str], n_tables: int) -> list[str]:
    """Each reason in a line with its tables, one that they share once, and how many failed."""
    sharing: dict[str, list[str]] = {}
    for table, reason in failed.items():
        first, *more = reason.splitlines()
        rest = f" ({len(more)} more: kedro table check {table})" if more else ""
        sharing.setdefault(f"{first}{rest}", []).append(table)
    reasons = [
        reason if reason.startswith(tuple(tables)) else f"{', '.join(tables)}: {reason}"
        for reason, tables in sharing.items()
    ]
    rest = " The others finished." if len(failed) < n_tables else ""
    return [*reasons, f"{len(failed)} of {n_tables} tables failed: {', '.join(failed)}.{rest}"]
