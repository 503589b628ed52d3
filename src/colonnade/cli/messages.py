"""A user's mistake in plain words, wherever in Kedro or in colonnade it was raised."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from textwrap import shorten
from traceback import walk_tb
from typing import TYPE_CHECKING

from colonnade.errors import UserError
from colonnade.parameters import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_IN_GROUP = re.compile(
    r"- Parameter '(?P<group>[^']*)': (Failed to instantiate \w+ for parameter '[^']*': )?"
    r"(?P<problem>.*)"
)
_UNLOADED = re.compile(
    r"(?P<name>[\w.@:]+): Failed while loading data from dataset (?P<problem>.*)", re.DOTALL
)
_PATH = re.compile(r"filepath=(?:Pure\w+Path\()?'?(?P<path>[^'\n]+?)'?\)?[,)]")
_UNSAVED = re.compile(
    r"(?P<name>[\w.@:]+): Failed while saving data to dataset .*?"
    r"filepath=(PurePosixPath\('(?P<path>[^']*)'\))?",
    re.DOTALL,
)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


def plain_message(error: BaseException) -> str | None:
    """The words for a user's mistake, found anywhere in the chain of causes; None for a defect."""
    for cause in _causes(error):
        if isinstance(cause, UserError):
            return str(cause)
        words = _WORDS.get(type(cause).__name__)  # by name: nothing is imported to look
        message = words(cause) if words else None
        if message:
            return message
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _parameter_problems(error: BaseException) -> str:
    """One line a problem, each with its group, from Kedro's account of them all."""
    group, lines = "", []
    for line in str(error).splitlines()[1:]:
        found = _IN_GROUP.match(line)
        group = found["group"] if found else group
        lines.append(f"{group}: {found['problem'] if found else line}")
    return "\n".join(lines)


def _unreadable_yaml(error: BaseException) -> str:
    """File and line of what is no YAML; Kedro counts lines from 0."""
    file = re.search(r"(?:file|in) (\S+?\.ya?ml)", str(error))
    marks = [mark for cause in _causes(error) if (mark := getattr(cause, "problem_mark", None))]
    place = f", line {marks[0].line + 1}, column {marks[0].column + 1}" if marks else ""
    why = next((str(why) for cause in _causes(error) if (why := getattr(cause, "problem", ""))), "")
    return (
        f"{_shown(file[1]) if file else 'a file in conf'}{place}: this is not YAML: {why}. "
        "Indent with spaces, not tabs; write `name: value` with a space after the colon."
    )


def _missing_configuration(error: BaseException) -> str:
    found = re.search(r"not a valid directory: (.*)", str(error))
    if not found:
        return str(error)
    folder = Path(found[1])
    known = [path.name for path in folder.parent.glob("*") if path.is_dir()]
    return f"there is no environment '{folder.name}' in {_shown(folder.parent)}. " + (
        nearest(folder.name, known) if known else ""
    )


def _list_for_names(error: BaseException) -> str | None:
    """Kedro takes it for granted that a file of parameters is names and values."""
    raised_in = [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__)]
    if raised_in[-1:] != ["kedro.config.omegaconf_config"] or "'list' object" not in str(error):
        return None
    files = ", ".join(map(_shown, _files_of_lists()))
    return f"{files or 'a file in conf'}: holds a list. Write `name: value` pairs."


def _files_of_lists() -> list[Path]:
    """Files of the configuration whose first word is a list's dash."""
    found = []
    for path in sorted(Path("conf").rglob("*.y*ml")):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
        if re.match(r"- |-$|\[", first):
            found.append(path)
    return found


def _dataset_problem(error: BaseException) -> str | None:
    """A dataset of the catalog that cannot be made, or that reads nothing."""
    text = str(error).strip()
    if "parsing config for dataset" in text or "must only contain arguments valid" in text:
        return f"{' '.join(text.splitlines())} Correct it in conf/base or conf/local."
    if unsaved := _UNSAVED.match(text):
        reasons = (_no_room(cause) for cause in _causes(error))
        reason = next((words for words in reasons if words), None)
        return reason and f"{unsaved['name']} cannot be written to {unsaved['path']}: {reason}"
    found = _UNLOADED.match(text)
    explained = any(isinstance(cause, UserError) for cause in _causes(error))
    return _unloaded(found["name"], found["problem"], error) if found and not explained else None


def _unloaded(name: str, problem: str, error: BaseException) -> str | None:
    """A dataset that is missing or damaged: its file, and the node that recreates it."""
    first, *lines = problem.splitlines()
    kept = [line for line in lines if not line.startswith(("[SQL: ", "(Background on "))]
    path = _PATH.search(first)
    if path and (maker := _made_by(name)):
        file, table = _shown(path["path"]), name.partition(".")[0]
        gone = any(isinstance(cause, FileNotFoundError) for cause in _causes(error))
        why = " ".join(kept).rpartition(f"'{path['path']}': ")[2].rstrip(".")
        why = shorten(why or "no reason given", 160, placeholder=" ...")
        state = "is missing" if gone else f"cannot be read: it is damaged or truncated ({why})"
        again = f"kedro run --pipeline {table} --from-nodes {maker}"
        return f"{table}: {file} {state}. Recreate it: {again}"
    if not first.startswith("kedro_datasets."):
        return None
    why = " ".join(kept) or first.removeprefix("kedro_datasets.")
    why = why if why.endswith((".", "!", "?")) else f"{why}."
    return f"{name}: cannot be read: {why} Correct its entry in the catalog."


def _made_by(dataset: str) -> str:
    """The node of the project's pipelines that writes a dataset, if one does."""
    from kedro.framework.project import pipelines

    makers = (node for pipeline in pipelines.values() for node in pipeline.nodes)
    return next((node.name for node in makers if dataset in node.outputs), "")


def _no_room(error: BaseException) -> str | None:
    """A disk that is full, or a folder that may not be written."""
    if not isinstance(error, OSError) or error.errno not in _NO_ROOM:
        return None
    place = f" ({_shown(str(error.filename))})" if error.filename else ""
    return (
        f"{error.strerror}{place}. Free disk space, or make the folder writable. Results of "
        "an earlier run are unchanged."
    )


def _worded_by_kedro(*beginnings: str) -> Callable[[BaseException], str | None]:
    """Kedro's own words, where they are as plain as can be."""

    def words(error: BaseException) -> str | None:
        text = str(error.args[0]) if error.args else ""
        return text if text.startswith(beginnings) else None

    return words


def _refused_by_mlflow(error: BaseException) -> str:
    """What a tracking store says: no room, no permission, no such model."""
    return f"MLflow: {str(error).strip().partition(chr(10))[0]}"


def _shown(path: Path | str) -> str:
    """A path as it is below the project, or as it is."""
    path = Path(path)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


_WORDS: dict[str, Callable[[BaseException], str | None]] = {
    "ParameterValidationError": _parameter_problems,
    "ParserError": _unreadable_yaml,
    "ScannerError": _unreadable_yaml,
    "MissingConfigException": _missing_configuration,
    "AttributeError": _list_for_names,
    "DatasetError": _dataset_problem,
    "MlflowException": _refused_by_mlflow,
    "RestException": _refused_by_mlflow,
    "OSError": _no_room,
    "PermissionError": _no_room,
    "ValueError": _worded_by_kedro(
        "Failed to find the pipeline named",
        "Duplicate keys found in",
        "Pipeline does not contain",
        "Pipeline contains no nodes",
    ),
    "KeyError": _worded_by_kedro("Unable to find credentials"),
}
