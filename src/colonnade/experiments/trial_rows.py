"""The rows of trials: a table, split, standardized once for equal words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from colonnade.errors import ParameterError
from colonnade.parameters import Params
from colonnade.tables.features.standardizer import fit_standardizer
from colonnade.tables.splitting.split import rows_of

if TYPE_CHECKING:
    import pandas as pd

    from colonnade.tables.features.standardizer import StandardizeParams, Standardizer
    from colonnade.tables.schema.table_schema import SchemaParams

    Prepared = tuple[Standardizer, pd.DataFrame, pd.DataFrame]


class OutlierParams(Params):
    """Targets of train rows that are spoiled on purpose; what judges a trial is left as it is.

    share: of the train rows. scale: how far up they are moved. seed: of which they are.
    Units: scale in standard deviations of the train rows' targets.
    """

    share: float = Field(0.0, ge=0, le=0.5)
    scale: float = Field(10.0, gt=0)
    seed: int = Field(0, ge=0, lt=2**31)


NONE = OutlierParams()


@dataclass(frozen=True)
class Rows:
    """A table, split; what a program needs to train its trials.

    folds: of how many parts of the train rows each is judged, where there are no validation rows.
    """

    primary: pd.DataFrame
    split: pd.DataFrame
    schema: SchemaParams
    folds: int
    _prepared: dict[str, Prepared] = field(default_factory=dict, repr=False, compare=False)

    @property
    def validated(self) -> bool:
        """Whether the split has validation rows."""
        return bool((self.split["part"] == "validation").any())

    @property
    def networks(self) -> int:
        """How many networks a trial trains."""
        return 1 if self.validated else self.folds

    def prepared(self, params: StandardizeParams, outliers: OutlierParams = NONE) -> Prepared:
        """Train and validation rows, standardized by the train rows; once for equal words.

        Raises: ParameterError for outliers among classes.
        """
        words = params.model_dump_json() + outliers.model_dump_json()
        if words not in self._prepared:
            self._prepared[words] = self._prepare(params, outliers)
        return self._prepared[words]

    def true_train(self, params: StandardizeParams, outliers: OutlierParams) -> pd.DataFrame:
        """The train rows as they judge trials: without the outliers that these learn from."""
        standardizer, train, _ = self.prepared(params, outliers)
        if not outliers.share:
            return train
        return standardizer.transform(rows_of(self.primary, self.split, "train"))

    def _prepare(self, params: StandardizeParams, outliers: OutlierParams) -> Prepared:
        if outliers.share and self.schema.task != "regression":
            raise ParameterError(
                f"`outliers` are put among numbers, and '{self.schema.target}' is one of classes."
            )
        train = rows_of(self.primary, self.split, "train")
        if outliers.share:
            train = with_outliers(train, self.schema.target, outliers)
        standardizer = fit_standardizer(train, self.schema, params)
        validation = rows_of(self.primary, self.split, "validation")
        return standardizer, standardizer.transform(train), standardizer.transform(validation)


def with_outliers(train: pd.DataFrame, target: str, params: OutlierParams) -> pd.DataFrame:
    """The rows, some of whose targets lie far above the others."""
    rng = np.random.default_rng(params.seed)
    chosen = rng.permutation(len(train))[: round(params.share * len(train))]
    values = train[target].to_numpy(float, copy=True)
    values[chosen] += params.scale * values.std()
    return train.assign(**{target: values})
