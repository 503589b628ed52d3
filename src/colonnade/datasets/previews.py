"""What kedro-viz shows of a table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kedro_datasets._typing import TablePreview

if TYPE_CHECKING:
    import pandas as pd


def table_preview(table: pd.DataFrame, nrows: int) -> TablePreview:
    """The first rows as plain data."""
    # kedro-viz sends JSON, which knows neither NaN nor timestamps
    head = table.head(nrows).reset_index(drop=True)
    text = head.to_json(orient="split", date_format="iso", default_handler=str)
    return TablePreview(json.loads(text))
