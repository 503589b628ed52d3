"""The node of the prediction pipeline."""

import pandas as pd

from colonnade.training.trained import TrainedModel


def predict(model: TrainedModel, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict every row; columns that the model does not read, such as an id, are carried along."""
    known = {*model.standardizer.inputs, model.standardizer.target}
    carried = rows[[name for name in rows.columns if name not in known]]
    predictions = pd.concat([carried, model.predict(rows)], axis=1)
    return predictions, predictions
