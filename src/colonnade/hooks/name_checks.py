"""Refuse names that nothing would read, before anything runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from colonnade.hooks.names import check_file_word, check_groups, check_tables, tables_in
from colonnade.hooks.selection.partial_runs import (
    check_group_words,
    check_what_is_left,
    pipeline_to_run,
)
from colonnade.messages.catalog import ENGLISH, speak
from colonnade.parameters import read_language
from colonnade.pipeline_registry import remember, table_names

if TYPE_CHECKING:
    from kedro.config import AbstractConfigLoader
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline

logger = logging.getLogger(__name__)


class NameHooks:
    """Refuses names that nothing would read, before anything runs."""

    def __init__(self) -> None:
        self._loader: AbstractConfigLoader | None = None

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Hand the loader to the registry."""
        remember(context.config_loader)
        self._loader = context.config_loader

    @hook_impl(tryfirst=True)  # what is refused leaves no record of a run
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Refuse what nothing in this run would read: a file, a table, a group, a parameter."""
        assert self._loader is not None
        words = run_params["runtime_params"] or {}
        tables, running = table_names(self._loader), tables_in(pipeline)
        parameters = catalog.load("parameters")
        speak(read_language(parameters.get("language", ENGLISH)))
        check_tables(parameters, tables, [name for name in running if name in tables])
        # of these tables alone, and those of the command: another table's YAML is its own matter
        check_groups(parameters, [name for name in tables if name in {*running, *words}])
        pipeline = pipeline_to_run(pipeline, catalog, run_params)
        if not pipeline.nodes:
            logger.info("Every output exists: nothing to run.")
        check_group_words(words, pipeline, catalog)
        check_what_is_left(pipeline, catalog)
        for word in ("raw", "rows"):
            if word in words:
                check_file_word(word, words[word], pipeline, catalog)
