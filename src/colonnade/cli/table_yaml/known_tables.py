"""The tables that are configured: list them, or remove one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.cli.table_yaml.column_table import aligned, drawn
from colonnade.errors import ParameterError
from colonnade.parameters import nearest
from colonnade.pipeline_registry import table_names
from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kedro.config import AbstractConfigLoader

HEADINGS = ("table", "predicts", "reads", "listed in")
READ_FROM = ("filepath", "table_name", "sql", "function", "type")


def listed_tables(loader: AbstractConfigLoader, conf: Path) -> str:
    """Every table, what it predicts, where it is read from, and which file lists it."""
    parameters, catalog = loader["parameters"], loader["catalog"]
    rows = [
        (name, _predicts(parameters.get(name)), _reads(name, catalog), _folders(name, conf))
        for name in table_names(loader)
    ]
    return drawn(aligned(HEADINGS, rows, wrapped=HEADINGS[1:]))


def remove_table(
    loader: AbstractConfigLoader, conf: Path, name: str, *, shared: bool
) -> list[Path]:
    """Delete what `table add` has written for a table; data, results and runs stay.

    Args: conf: the folder of the configuration. shared: whether to take it from conf/base.
    Returns: the files that were deleted or changed.
    Raises: ParameterError if there is no such table in that folder, or another file mentions it.
    """
    names = table_names(loader)
    if name not in names:
        raise ParameterError(f"no such table: {name}. {nearest(name, names)}")
    folder = conf / ("base" if shared else "local")
    tables = folder / "tables.yml"
    if name not in _keys(tables):
        other = _listed_in(name, conf)
        advice = (
            "Use --shared to remove it there, for everyone."
            if not shared
            else "Leave --shared out."
        )
        raise ParameterError(f"{name} is listed in {other or 'no tables.yml'}. {advice}")
    own = [folder / f"{kind}_{name}.yml" for kind in ("parameters", "catalog")]
    others = [str(file) for file in parameter_files(conf, name) if file not in own]
    if others:
        # parameters of no table stop every run
        raise ParameterError(
            f"{', '.join(others)}: remove `{name}` there, too, and repeat the command."
        )
    removed = [file for file in own if file.exists()]
    # the list last: a listed table without parameters fails alone, the reverse stops every run
    for file in removed:
        file.unlink()
    _unlist(name, tables)
    return [*removed, tables]


def parameter_files(conf: Path, name: str) -> list[Path]:
    """The files in which a table's parameters stand."""
    return [
        file
        for place in (conf / "base", conf / "local")
        for file in sorted(place.rglob("parameters*.yml"))
        if name in _keys(file)
    ]


def _unlist(name: str, tables: Path) -> None:
    lines = tables.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.partition(":")[0].strip() != name]
    if any(line.strip() and not line.startswith("#") for line in kept):
        with replaced_file(tables) as stream:
            stream.write("".join(kept).encode("utf-8"))
    else:
        tables.unlink()


def _folders(name: str, conf: Path) -> str:
    return ", ".join(str(Path(file).parent) for file in _listed_in(name, conf).split(", "))


def _listed_in(name: str, conf: Path) -> str:
    files = sorted(conf.glob("*/tables.yml"))
    return ", ".join(str(file) for file in files if name in _keys(file))


def _keys(file: Path) -> Iterable[str]:
    """The names at the top of a YAML file, which the loader has read before."""
    import yaml

    content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None
    return [str(key) for key in content] if isinstance(content, dict) else []


def _predicts(groups: Any) -> str:
    schema = groups.get("schema") if isinstance(groups, dict) else None
    if not isinstance(schema, dict):
        return "?"
    none = "odd rows" if schema.get("task") == "anomaly" else "?"
    return f"{schema.get('target') or none} ({schema.get('task', '?')})"


def _reads(name: str, catalog: Mapping[str, Any]) -> str:
    entry = catalog.get(f"{name}.raw") or catalog.get("{table}.raw") or {}
    found = next((str(entry[word]) for word in READ_FROM if entry.get(word)), "?")
    return found.replace("{table}", name)
