"""From raw rows to a trained model: ingest, split, standardize, train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.tables.features.standardizer import fit_standardizer
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.splitting.split import rows_of, split_table
from colonnade.training.fit import train_model

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.estimators.recipe import Recipe
    from colonnade.tables.source import Source
    from colonnade.training.models.trained import TrainedModel


@dataclass(frozen=True)
class TableTraining:
    """A trained model, each epoch's numbers, the typed table and the part of each row."""

    model: TrainedModel
    history: pd.DataFrame
    primary: pd.DataFrame
    split: pd.DataFrame

    def rows(self, part: str) -> pd.DataFrame:
        """The typed rows of one part."""
        return rows_of(self.primary, self.split, part)

    def prepared(self, part: str) -> pd.DataFrame:
        """The rows of one part as the model reads them."""
        return self.model.standardizer.transform(self.rows(part))


def train_on_table(
    raw: pd.DataFrame,
    recipe: Recipe,
    *,
    source: Source | None = None,
    held_out: pd.DataFrame | None = None,
    name: str = "table",
) -> TableTraining:
    """Train on raw rows as `kedro run` does.

    Args: source: of the rows, which the model reports. held_out: raw rows to validate on in place
        of those that the split gives. name: what errors call the table.

    Raises: ParameterError, DataError, TrainingError.
    """
    primary = ingest_table(raw, recipe.schema, name=name)
    split = split_table(primary, recipe.schema, recipe.split)
    standardizer = fit_standardizer(
        rows_of(primary, split, "train"), recipe.schema, recipe.standardize, source=source
    )
    train, validation = (
        standardizer.transform(rows_of(primary, split, part)) for part in ("train", "validation")
    )
    model = recipe.model.for_split(shuffled=recipe.split.shuffled)
    if held_out is not None:
        validation = standardizer.transform(held_out)
        model = model.for_split(shuffled=False)  # these rows choose, and are not learned from
    fitted = train_model(train, validation, standardizer, model, recipe.training)
    return TableTraining(fitted.model, fitted.history, primary, split)
