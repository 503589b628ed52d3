"""A saved model whose network is a user's class gets it from the project's configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

if TYPE_CHECKING:
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline


class OwnNetworkHooks:
    """Names the class of `model.kind` to the folder that holds the table's model."""

    @hook_impl(tryfirst=True)  # names are checked with the models at hand
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Name it before any node loads a model."""
        from colonnade.datasets.local import ModelFolder

        parameters = catalog.load("parameters")
        for name in sorted(pipeline.datasets()):
            table, _, suffix = name.rpartition(".")
            groups = parameters.get(table) if suffix == "model" else None
            kind = network_kind(groups.get("model") if isinstance(groups, dict) else None)
            folder = catalog.get(name) if "." in kind else None
            if isinstance(folder, ModelFolder):
                folder.network = kind


def network_kind(model: Any) -> str:
    """The kind of a table's network, from its group, which Kedro may have built; "" if unsaid."""
    kind = model.get("kind") if isinstance(model, dict) else getattr(model, "kind", None)
    return kind if isinstance(kind, str) else ""
