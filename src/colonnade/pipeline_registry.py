"""One pipeline for every name in `tables.yml`."""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kedro.config import AbstractConfigLoader
    from kedro.pipeline import Pipeline

YAML_WORDS = ("null", "true", "false", "yes", "no", "on", "off")
RESERVED = (
    "raw",
    "rows",
    "encoding",
    "resume",
    "bad_rows",
    "plan",
    "experiment",
    "model",
    "language",
)
"""Words of a run, on the command line and in parameters.yml, that no table may be named."""
_loaders: dict[str, AbstractConfigLoader] = {}
_read_already: dict[str, dict[str, Any]] = {}


def register_pipelines() -> dict[str, Pipeline]:
    """Build three pipelines for each table: NAME trains, NAME_predict predicts new rows,
    NAME_experiment trains many configurations.

    `__default__` trains every table.
    """
    from kedro.pipeline import Pipeline

    from colonnade.pipelines import experiment, predict, table

    names = table_names(config_loader())
    trains = {name: table.create_pipeline(name) for name in names}
    predicts = {f"{name}_predict": predict.create_pipeline(name) for name in names}
    experiments = {
        f"{name}_experiment": experiment.create_pipeline(name, experiment_plans) for name in names
    }
    return {
        "__default__": sum(trains.values(), Pipeline([])),
        **trains,
        **predicts,
        **experiments,
    }


def experiment_plans() -> dict[str, Any]:
    """The plans of `experiments/*.yml`, by name."""
    from kedro.config import MissingConfigException

    try:
        return dict(config_loader()["experiments"])
    except MissingConfigException:
        return {}


def table_names(loader: AbstractConfigLoader) -> list[str]:
    """The names in `tables.yml`, in the order written.

    Raises: ParameterError for a name that could not be a folder, a namespace and an experiment.
    """
    names = [str(name) for name in loader["tables"]]
    problems = [problem for name in names if (problem := name_problem(name, names))]
    if problems:
        raise ParameterError(problems)
    return names


def name_problem(name: str, others: Iterable[str] = ()) -> str:
    """Why a name cannot be a table's beside others, or nothing."""
    if name in RESERVED:
        return f"tables.yml: '{name}' is the name of a pipeline that exists already."
    # no mark that a path, a namespace or the catalog would take for one of its own
    if not name.isidentifier() or name.startswith("_"):
        return (
            f"tables.yml: '{name}' is not a table name. Use letters (of any language), digits and "
            "_, a letter first."
        )
    if name != composed(name):
        return (
            f"tables.yml: '{name}' is written with combining marks, which look like letters and "
            f"are not found again. Write '{composed(name)}'."
        )
    if name.lower() in YAML_WORDS:
        return f"tables.yml: '{name}' means something else in YAML. Choose another name."
    for other in others:
        if name in (f"{other}_predict", f"{other}_experiment"):
            what = "predictions" if name.endswith("_predict") else "experiments"
            return f"tables.yml: '{name}' is the name of {other}'s {what}: choose another."
    return ""


def composed(name: str) -> str:
    """A name as most keyboards write it: é as one letter, not as e and a mark (Unicode's NFC)."""
    return unicodedata.normalize("NFC", name)


def remember(loader: AbstractConfigLoader) -> None:
    """Keep the session's loader: Kedro gives the registry neither --env nor --conf-source."""
    _loaders["session"] = loader
    for name, content in _read_already.items():
        loader[name] = deepcopy(content)


@contextmanager
def read_once(loader: AbstractConfigLoader) -> Iterator[None]:
    """Let the sessions of this block take what a loader reads: YAML is a tenth of a second each."""
    _read_already.update({name: loader[name] for name in ("catalog", "parameters")})
    try:
        yield
    finally:
        _read_already.clear()


def config_loader() -> AbstractConfigLoader:
    """The session's loader, or one of the default environment where no session has begun."""
    if "session" in _loaders:
        return _loaders["session"]
    # `kedro registry list` builds no context, so no session has left its loader here
    return new_config_loader()


def new_config_loader(
    env: str | None = None, conf_source: str | None = None, words: dict[str, Any] | None = None
) -> AbstractConfigLoader:
    """A loader as a session of Kedro's would make it.

    Args: words: what `--params` says.
    """
    from kedro.framework.project import settings

    loader: AbstractConfigLoader = settings.CONFIG_LOADER_CLASS(
        conf_source=conf_source or str(project_root() / settings.CONF_SOURCE),
        env=env,
        runtime_params=words,
        **settings.CONFIG_LOADER_ARGS,
    )
    return loader


def project_root() -> Path:
    """The folder of the project that holds the working folder, as Kedro finds it."""
    from kedro.utils import find_kedro_project

    return find_kedro_project(Path.cwd()) or Path.cwd()
