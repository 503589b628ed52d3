"""One call from a frame to a trained model."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from colonnade.errors import DataError
from colonnade.estimators.python_errors import in_python
from colonnade.estimators.recipe import choose_recipe
from colonnade.estimators.table_training import train_on_table
from colonnade.tables.inference.infer import infer_table
from colonnade.tables.inference.readings import describe_readings
from colonnade.tables.reading.plain_frames import (
    is_frame,
    kinds_by_dtype,
    plain_frame,
    unreadable_columns,
)
from colonnade.tables.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from colonnade.tables.inference.hyperparameters import Effort
    from colonnade.tables.schema.table_schema import Task
    from colonnade.training.models.trained import TrainedModel

logger = logging.getLogger(__name__)


def fit(
    frame: Any,
    target: str,
    *,
    task: Task | None = None,
    weight: str | None = None,
    columns: Mapping[str, Mapping[str, Any]] | None = None,
    model: str | Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    standardize: Mapping[str, Any] | None = None,
    split: Mapping[str, Any] | None = None,
    effort: Effort = "normal",
    report: str | Path | None = None,
    name: str = "table",
) -> TrainedModel:
    """Train on a frame: kinds are guessed and parameters chosen as `kedro table add` does.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"ram": range(1, 61)}).assign(price=lambda f: 3 * f["ram"] + 40.0)
    >>> words = {"optimizer": "lbfgs", "epochs": 5}
    >>> model = fit(frame, target="price", model="linear", training=words, columns={
    ...     "ram": {"kind": "numeric"}})  # each number stands once: else it would name the row
    >>> model.predict(pd.DataFrame({"ram": [16]}))["prediction"].round(3).tolist()
    [88.0]

    Args:
        frame: of pandas, polars or Arrow, in any dtype. The log says what is left out of learning.
        task: classification, ordinal or regression, where the guess would be wrong.
        weight: the column that says how much each row counts, 0 or more.
        columns: what columns mean, where the guess would be wrong, in the words of
            `schema.columns`: `{"age": {"missing_words": ["unknown"]}}`.
        model: a kind's name, as "realmlp", or the words of the group `model`.
        training: words of this group, in place of those chosen.
        standardize: likewise.
        split: likewise. Of the rows 70 % train, 10 % validate, 20 % are left for the report.
        effort: quick: one network in place of a blend; best: larger networks in it, too.
        report: a folder for `report.html` and `model_card.md`.
        name: what errors and the report call the table.

    Raises: InputError, a ValueError, naming everything that cannot be used; TrainingError.
    """
    with in_python():
        raw = readable_frame(frame, columns or {}, name)
        said = {**kinds_by_dtype(frame), **(columns or {})}
        inference = infer_table(raw, target, task=task, weight=weight, said=said, name=name)
        for line in inference.lines():
            logger.info("%s: %s", name, line)
        recipe = choose_recipe(
            inference,
            model=model,
            training=training,
            standardize=standardize,
            split=split,
            effort=effort,
            validated=(split or {}).get("validation_fraction") != 0,
        )
        source = Source.of(raw, name, readings=describe_readings(raw, recipe.schema))
        trained = train_on_table(raw, recipe, source=source, name=name)
        if report is not None:
            from colonnade.estimators.report_folder import write_report

            weighted = "" if weight is None else f", weight={weight!r}"
            command = f"colonnade.fit({name}, target={target!r}{weighted})"
            write_report(report, trained, source, command)
        return trained.model


def readable_frame(frame: Any, said: Mapping[str, Mapping[str, Any]], name: str) -> pd.DataFrame:
    """The frame in plain dtypes.

    Raises: DataError if it is none, or holds what cannot be read.
    """
    if not is_frame(frame):
        raise DataError(
            f"`frame` must be a table of pandas, polars or Arrow, not {type(frame).__name__}. "
            "Read a file by pandas.read_csv."
        )
    raw = plain_frame(frame)
    ignored = [column for column, words in said.items() if words.get("kind") == "ignored"]
    if problems := unreadable_columns(raw.drop(columns=ignored, errors="ignore")):
        raise DataError(problems, name)
    return raw
