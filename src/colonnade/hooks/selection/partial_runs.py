"""Runs of a part of a table's pipeline, which reuse results of earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline

from colonnade.errors import ParameterError
from colonnade.hooks.names import tables_in
from colonnade.tracking.naming import flatten

if TYPE_CHECKING:
    from kedro.io import DataCatalog

    from colonnade.parameters import Params

# In the order of a table's way: what each group makes, where it is remembered, and the node.
_MADE = {"split": "split", "standardize": "standardizer"}
_REMEMBERED = {"split": "split_params", "standardize": "standardizer"}
_MAKERS = {"split": "prepare.split_rows", "standardize": "prepare.standardize"}
_BEHIND = ("prepare.", "train.", "evaluate.", "report.")


def pipeline_to_run(
    pipeline: Pipeline, catalog: DataCatalog, run_params: dict[str, Any]
) -> Pipeline:
    """The nodes that Kedro is going to run; with `--only-missing-outputs` its hooks are given all.

    Raises: ParameterError if a result would be made again, and what was made from the old one kept.
    """
    if not run_params.get("only_missing_outputs"):
        return pipeline
    missing = [node for node in pipeline.nodes if not all(map(catalog.exists, node.outputs))]
    if not missing:
        return Pipeline([])
    behind = pipeline.from_nodes(*(node.name for node in missing)) - Pipeline(missing)
    if behind.nodes:
        kept = ", ".join(sorted(behind.all_outputs()))
        first = ",".join(node.name for node in missing)
        raise ParameterError(
            f"`--only-missing-outputs` would run {first} alone, and keep later results of an "
            f"earlier run ({kept}). Use instead: --from-nodes {first}"
        )
    return pipeline.filter(node_names=[node.name for node in missing])


def check_group_words(words: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog) -> None:
    """Refuse a parameter of `--params` that nothing in this run reads, as when it begins later.

    One that says what is there already, as it was given to the run that made it, is no lie.
    Raises: ParameterError naming every such group.
    """
    read = pipeline.inputs()
    same = {
        f"params:{table}.{group}"
        for table in tables_in(pipeline)
        for group, (was, now) in _left(table, pipeline, catalog).items()
        if was == now
    }
    problems = [
        f"`{table}.{group}` is set, but nothing in this run reads it: results made with "
        "another value would be kept. Start the run earlier, or leave the parameter out."
        for table, groups in words.items()
        if isinstance(groups, dict) and table != "experiment"
        for group in groups
        if f"params:{table}.{group}" not in read | same
    ]
    for word in ("plan", "experiment"):
        if word in words and f"params:{word}" not in read:
            problems.append(f"`{word}` is not read by this run. Use --pipeline NAME_experiment.")
    if "model" in words and not tables_in(pipeline, stages=("predict",)):
        problems.append("`model` is not read by this run. Use --pipeline NAME_predict.")
    if "bad_rows" in words and "params:bad_rows" not in read:
        problems.append("`bad_rows` is not read by this run. Use --pipeline NAME_predict.")
    if problems:
        raise ParameterError(problems)


def check_what_is_left(pipeline: Pipeline, catalog: DataCatalog) -> None:
    """Refuse to go on from a split or standardizer that the parameters of now would not make.

    Raises: ParameterError naming each that has changed, and the node to begin with.
    """
    problems = []
    for table in tables_in(pipeline):
        left = _left(table, pipeline, catalog)
        changed = {group: both for group, both in left.items() if both[0] != both[1]}
        if not changed:
            continue
        changes = [
            f"`{table}.{group}.{name}` is {now.get(name)!r} and was {was.get(name)!r}"
            for group, (was, now) in changed.items()
            for name in {**was, **now}
            if was.get(name) != now.get(name)
        ]
        made = " and ".join(_MADE[group] for group in changed)
        made += " were" if len(changed) > 1 else " was"
        first = f"{table}.{_MAKERS[next(iter(changed))]}"
        problems.append(
            f"{'; '.join(changes)} when {made} made, which this run would "
            f"reuse. Start there (kedro run --pipeline {table} --from-nodes {first}), or "
            "restore the old value."
        )
    if problems:
        raise ParameterError(problems)


def _left(
    table: str, pipeline: Pipeline, catalog: DataCatalog
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By which parameters that was made which earlier runs have left to this one, and those of now.

    By group; nothing of what an earlier version has made, which did not say so.
    """
    names = {node.name.removeprefix(f"{table}.") for node in pipeline.nodes}
    behind = {name for name in names if name.startswith(_BEHIND)}
    found = {}
    for group, maker in _MAKERS.items():
        dataset = f"{table}.{_REMEMBERED[group]}"
        behind -= {maker}
        if maker in names or not behind or not catalog.exists(dataset):
            continue
        was = catalog.load(dataset)
        if group == "standardize":
            was = was.made_with and was.made_with.model_dump(mode="json")
        if was:
            now = catalog.load(f"params:{table}.{group}").model_dump(mode="json")
            found[group] = (flatten(was), flatten(now))
    return found


def groups_of_run(table: str, pipeline: Pipeline, catalog: DataCatalog) -> dict[str, Params]:
    """The parameters that a run's result rests on, as far as they are known.

    Those that its nodes read; for a model that is there already, those that it was trained with.
    """
    read = pipeline.inputs()
    written: dict[str, Any] = catalog.load(f"params:{table}")
    groups: dict[str, Params] = {
        name: group for name, group in written.items() if f"params:{table}.{name}" in read
    }
    if "training" in groups:
        groups["training"] = written["training"].completed(
            written["model"],
            written["schema"].task,
            validated=written["split"].validation_fraction > 0,
        )
    if f"{table}.model" in read:
        model = catalog.load(f"{table}.model")
        groups |= {
            "schema": model.standardizer.table_schema,
            "model": model.model,
            "training": model.training,
        }
    return groups
