"""Runs that begin, end or leave gaps in the middle of a table's way read what others have left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.pipeline import Pipeline

from colonnade.errors import ParameterError

if TYPE_CHECKING:
    from kedro.io import DataCatalog

    from colonnade.parameters import Params


def pipeline_to_run(
    pipeline: Pipeline, catalog: DataCatalog, run_params: dict[str, Any]
) -> Pipeline:
    """The nodes that Kedro is going to run; of `--only-missing-outputs` it tells its hooks all.

    Raises: ParameterError if a result would be made anew, and what rests on the old one kept.
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
            f"`--only-missing-outputs` would run {first} alone, and keep what an earlier run made "
            f"behind it ({kept}). Say instead: --from-nodes {first}"
        )
    return pipeline.filter(node_names=[node.name for node in missing])


def check_group_words(words: dict[str, Any], pipeline: Pipeline) -> None:
    """Refuse a parameter of `--params` that nothing in this run reads, as when it begins later.

    Raises: ParameterError naming every such group.
    """
    read = pipeline.inputs()
    problems = [
        f"`{table}.{group}` was given, but nothing in this run reads it: what was made with "
        "another one would be kept. Begin the run earlier, or leave the parameter out."
        for table, groups in words.items()
        if isinstance(groups, dict)
        for group in groups
        if f"params:{table}.{group}" not in read
    ]
    if problems:
        raise ParameterError(problems)


def groups_of_run(table: str, pipeline: Pipeline, catalog: DataCatalog) -> dict[str, Params]:
    """The parameters that a run's result rests on, as far as they are known.

    Those that its nodes read; for a model that is there already, those that it was trained with.
    """
    read = pipeline.inputs()
    groups: dict[str, Params] = {
        name: group
        for name, group in catalog.load(f"params:{table}").items()
        if f"params:{table}.{name}" in read
    }
    if f"{table}.model" in read:
        model = catalog.load(f"{table}.model")
        groups |= {
            "schema": model.standardizer.table_schema,
            "model": model.model,
            "training": model.training,
        }
    return groups
