"""Write an experiment's winner into the YAML of its table; comments are kept."""

from __future__ import annotations

import difflib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError
from colonnade.experiments.plans.plan import GROUPS, with_words
from colonnade.parameters import nearest
from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from pathlib import Path

EXPERIMENTS = "data/08_reporting/{}/experiments"


@dataclass(frozen=True)
class Adoption:
    """What was written. diff: of the file before and after; "" where it said so already."""

    file: Path
    backup: Path
    diff: str
    plan: str
    metric: str
    score: float


def adopt_winner(project: Path, table: str, plan: str = "") -> Adoption:
    """Put the winner's words into `conf/base/parameters_<table>.yml`, and keep the file of before.

    Args: plan: whose winner; by default of the last experiment.

    Raises: ParameterError if there is no winner, or no such file.
    """
    found = _winner(project / EXPERIMENTS.format(table), table, plan)
    winner = json.loads(found.read_text(encoding="utf-8"))
    if with_words({}, winner["words"]).get("outliers", {}).get("share"):
        raise ParameterError(
            f"{table}: the winner of {found.parent.name} learned from targets that were spoiled on "
            "purpose, as no run does: write what you want of it into the YAML by hand."
        )
    file = project / f"conf/base/parameters_{table}.yml"
    if not file.exists():
        raise ParameterError(f"{table}: there is no {file.relative_to(project)} to write into.")
    before = file.read_text(encoding="utf-8")
    after = adopted(before, table, winner["words"])
    backup = file.with_name(f"{file.name}.before")  # no ending that Kedro reads
    if after != before:
        _write(backup, before)
        _write(file, after)
    diff = "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), "before", file.name
        )
    )
    return Adoption(file, backup, diff, found.parent.name, winner["metric"], winner["score"])


def adopted(text: str, table: str, words: dict[str, Any]) -> str:
    """The YAML of a table with words put in at their paths; all else stays as it is written.

    Raises: ParameterError if ruamel.yaml is not installed, or the table is not in the text.
    """
    try:
        from ruamel.yaml import YAML
    except ImportError:
        raise ParameterError(
            "`kedro adopt` needs ruamel.yaml, which keeps comments: pip install -e '.[experiments]'"
        ) from None
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(text)
    if not isinstance(document, dict) or table not in document:
        raise ParameterError(f"the YAML has no group `{table}`: write it there first.")
    own = document[table]
    groups = {name: _plain(own.get(name)) for name in GROUPS}
    touched = {path.partition(".")[0] for path in words}
    changed = with_words(groups, words)
    _merge(own, {name: changed[name] for name in GROUPS if name in touched})
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()


def _plain(group: Any) -> dict[str, Any]:
    """A group as plain Python; a bare word is a kind of network."""
    if isinstance(group, str):
        return {"kind": str(group)}
    found: dict[str, Any] = json.loads(json.dumps(group or {}))
    return found


def _merge(old: Any, new: dict[str, Any]) -> None:
    """Make a mapping say what another says, and touch nothing that does already."""
    for name, value in new.items():
        before = old.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            for gone in [key for key in before if key not in value]:
                del before[gone]
            _merge(before, value)
        elif before != value or isinstance(before, bool) != isinstance(value, bool):
            old[name] = value


def _winner(folder: Path, table: str, plan: str) -> Path:
    found = {file.parent.name: file for file in folder.glob("*/winner.json")}
    if not found:
        raise ParameterError(
            f"{table}: no experiment has run yet. Begin: kedro experiment {table} --plan PLAN"
        )
    if plan and plan not in found:
        raise ParameterError(
            f"{table}: no experiment '{plan}' has run. {nearest(plan, sorted(found))}"
        )
    return found[plan] if plan else max(found.values(), key=lambda file: file.stat().st_mtime)


def _write(file: Path, text: str) -> None:
    with replaced_file(file) as stream:
        stream.write(text.encode("utf-8"))
