"""Saved models: which of them predicts, and of which class the network of one's own is."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.hooks.names import tables_in

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

    from colonnade.datasets.local import ModelFolder

WORD = "model"
logger = logging.getLogger(__name__)


class ModelFolderHooks:
    """Names the class of `model.kind` to a table's model folder, and chooses what predicts."""

    def __init__(self) -> None:
        self._context: KedroContext | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the context: where the project stands and what `mlflow.yml` says."""
        self._context = context

    @hook_impl(tryfirst=True)  # names are checked with the models at hand
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Do so before any node loads a model."""
        from colonnade.datasets.local import ModelFolder

        parameters = catalog.load("parameters")
        predicting = tables_in(pipeline, stages=("predict",))
        word = str((run_params["runtime_params"] or {}).get(WORD) or "")
        for name in sorted(pipeline.datasets()):
            table, _, suffix = name.rpartition(".")
            if suffix != "model":
                continue
            groups = parameters.get(table)
            kind = network_kind(groups.get("model") if isinstance(groups, dict) else None)
            if "." not in kind and table not in predicting:
                continue
            folder = catalog.get(name)
            if isinstance(folder, ModelFolder):
                folder.network = kind if "." in kind else None
                if table in predicting and name in pipeline.inputs():
                    self._choose(table, folder, word)

    def _choose(self, table: str, folder: ModelFolder, word: str) -> None:
        from colonnade.tracking.comparison.chosen_model import choose_model
        from colonnade.tracking.tracking_params import TrackingParams

        assert self._context is not None
        params = TrackingParams.model_validate(self._context.config_loader["mlflow"])
        chosen = choose_model(self._context.project_path, params, table, word)
        folder.read_from = None if chosen is None else chosen.folder
        folder.run = None if chosen is None else chosen.run
        if chosen is None:
            logger.info(
                "%s: the model that was trained last predicts%s",
                table,
                "" if word else f"; no champion is known: kedro register {table} makes one",
            )
            return
        logger.info("%s: %s", table, chosen.describe())
        if chosen.verdict.startswith("Worse"):
            logger.warning("%s: it was judged: %s", table, chosen.verdict)


def network_kind(model: Any) -> str:
    """The kind of a table's network, from its group, which Kedro may have built; "" if unsaid."""
    kind = model.get("kind") if isinstance(model, dict) else getattr(model, "kind", None)
    return kind if isinstance(kind, str) else ""
