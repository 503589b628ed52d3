"""Add a table of the user's own: guess its schema, and write the YAML that its pipeline needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from colonnade.cli.table_yaml.added_table import NewTable
from colonnade.cli.table_yaml.configured_table import problems_of
from colonnade.errors import DataError, ParameterError, Problem
from colonnade.pipeline_registry import composed, name_problem
from colonnade.pipelines.table.parameter_groups import read_groups
from colonnade.tables.inference.guesses.guess import known_text
from colonnade.tables.inference.infer import infer_table
from colonnade.tables.inference.schema_yaml import parameters_text
from colonnade.tables.inference.suspicion import (
    evenly_drawn,
    small_classes,
    suspicious_columns,
)
from colonnade.tables.reading.dialect import LOOKED_AT, text_options
from colonnade.tables.reading.raw import read_raw_table
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.tables.inference.hyperparameters import Effort
    from colonnade.tables.inference.infer import Inference
    from colonnade.tables.reading.dialect import TextOptions
    from colonnade.tables.schema.table_schema import SchemaParams, Task
    from colonnade.tables.source import RawTable


@dataclass(frozen=True)
class Draft:
    """A table's file, what was guessed of it, and the YAML that says so."""

    raw: RawTable
    options: TextOptions
    inference: Inference
    parameters: str


def add_table(
    conf: Path,
    name: str,
    path: Path,
    target: str,
    *,
    task: Task | None = None,
    ordered: bool = False,
    weight: str | None = None,
    said: Sequence[str] = (),
    effort: Effort = "normal",
    force: bool = False,
    others: Sequence[str] = (),
) -> NewTable:
    """Write parameters, catalog entry and name of a new table into a configuration folder.

    Args: conf: `conf/local` or `conf/base`. path: the table's file, below the project's root or
        absolute, as the catalog shall name it. task, ordered, weight: see `infer_table`. said:
        what the user says of columns, each as "NAME={words of the YAML}". effort: how much time a
        training may take. others: the tables that are there.
    Raises: ParameterError if the name cannot be one or is taken; DataError if the file is no table,
        or none that can be trained on.
    """
    name = composed(name)
    if "${" in str(path):
        raise DataError(f"{path}: ${{ has a special meaning in the catalog. Rename the file.")
    parameters = conf / f"parameters_{name}.yml"
    catalog = conf / f"catalog_{name}.yml"
    _refuse_name(name, others, [file for file in (parameters, catalog) if file.exists()], force)
    choices: dict[str, Any] = {"task": task, "ordered": ordered, "weight": weight, "said": said}
    draft = draft_table(name, path, target, effort=effort, **choices)
    schema = _refuse_problems(draft, name)
    suspicions = _suspicions(draft.raw, schema)
    if schema.task != "regression":
        suspicions += small_classes(known_text(draft.raw.frame[target]))
    _write(parameters, draft.parameters)
    _write(catalog, catalog_text(name, path, draft.options))
    tables = conf / "tables.yml"
    listed = tables.read_text(encoding="utf-8") if tables.exists() else ""
    if f"{name}:" not in (line.strip() for line in listed.splitlines()):
        _write(tables, f"{listed.rstrip()}\n{name}:\n".lstrip())
    return NewTable(draft.raw, draft.inference, suspicions, [parameters, catalog, tables])


def draft_table(
    name: str,
    path: Path,
    target: str,
    *,
    task: Task | None = None,
    ordered: bool = False,
    weight: str | None = None,
    said: Sequence[str] = (),
    effort: Effort = "normal",
) -> Draft:
    """Guess what a table's columns mean, and write it down.

    Args: task, ordered, weight: see `infer_table`. said, effort: see `add_table`.
    Raises: DataError if the file is no table, or the target cannot be predicted.
    """
    options = _text_options(path)
    raw = read_raw_table(str(path), **options)
    inference = infer_table(
        raw.frame,
        target,
        name=raw.source.name,
        task=task,
        ordered=ordered,
        weight=weight,
        said=_said_of_columns(said),
        # where commas do not separate columns they may well stand before decimals
        decimal_commas=None if options.get("separator") == ";" else False,
    )
    text = parameters_text(name, inference, path.name, effort)
    return Draft(raw, options, inference, text)


def _refuse_problems(draft: Draft, name: str) -> SchemaParams:
    """Refuse a table that could not be trained on by the YAML drafted for it; else its schema."""
    groups, problems = read_groups(yaml.safe_load(draft.parameters)[name])
    if not problems:
        problems = problems_of(draft.raw, groups)
    if problems:
        advice = (
            "nothing was written, since the table cannot be trained on as it is. Correct the file, "
            "or say what a column means, such as --column 'NAME={kind: categorical}'."
        )
        raise DataError([Problem(advice), *problems], name)
    schema: SchemaParams = groups["schema"]
    return schema


def _suspicions(raw: RawTable, schema: SchemaParams) -> list[str]:
    try:
        some = ingest_table(evenly_drawn(raw.frame), schema, name=raw.source.name)
        return suspicious_columns(some, schema)
    except DataError:  # of many rows, those drawn may hold one class alone
        return []


def _refuse_name(name: str, others: Sequence[str], taken: list[Path], force: bool) -> None:
    known = [*others, name]
    if problem := next((one for other in known if (one := name_problem(other, known))), ""):
        raise ParameterError(problem)
    if name in others and not taken:
        # two configurations of one name would be mixed, key by key
        raise ParameterError(f"{name} already exists, elsewhere in conf. Choose another name.")
    if taken and not force:
        raise ParameterError(
            f"{taken[0]} exists. Use --force to overwrite it, or choose another name."
        )


def _said_of_columns(said: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the user says of each column, in the words of `schema.columns`."""
    columns: dict[str, dict[str, Any]] = {}
    for text in said:
        name, _, written = text.partition("={")
        try:
            words = yaml.safe_load("{" + written)
        except yaml.YAMLError:
            words = None
        if not written or not isinstance(words, dict):
            raise ParameterError(
                f"--column {text}: write NAME={{words of the YAML}}, such as "
                "--column 'age={missing_words: [unknown]}'."
            )
        columns.setdefault(name.strip(), {}).update(words)
    return columns


def catalog_text(name: str, path: Path, options: TextOptions) -> str:
    """The catalog entries of a table's file, and of rows to predict, taken to be written like it.

    `--params raw=PATH` or `rows=PATH` reads another file for one run.
    """
    entry = _source_entry(f"{name}.raw", "raw", path, options)
    if options:
        entry += _source_entry(
            f"{name}.rows", "rows", Path(f"data/01_raw/{name}_rows.csv"), options
        )
    return entry


def _source_entry(name: str, param: str, path: Path, options: TextOptions) -> str:
    place = path.as_posix().replace("\\", "\\\\").replace("'", "\\'")
    read = f"${{runtime_params:{param},'{place}'}}"
    lines = [
        f"{name}:",
        "  type: colonnade.datasets.RawTableDataset",
        f"  filepath: {json.dumps(read, ensure_ascii=False)}",
        f"  encoding: ${{runtime_params:encoding,{options.get('encoding', 'null')}}}",
        "  metadata: {kedro-viz: {layer: 01_raw}}",
    ]
    if param == "rows":
        lines.insert(4, "  set_aside: true")
    if "separator" in options:
        lines.insert(4, f"  separator: {json.dumps(options['separator'])}")
    return "\n".join(lines) + "\n"


def _text_options(path: Path) -> TextOptions:
    """Encoding and separator of a plain text table; what is packed or typed has none to guess."""
    if path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        return {}
    try:
        with path.open("rb") as stream:
            return text_options(stream.read(LOOKED_AT))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}. Correct the path.") from None


def _write(path: Path, text: str) -> None:
    with replaced_file(path) as stream:
        stream.write(text.encode("utf-8"))
