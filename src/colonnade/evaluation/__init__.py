"""How good a trained model is, beside simple ones, why it says what it says, and the report on it.

Rooms, each importing only from those after it: `report`, `figures`, `explanation`, then
`cross_validation`, `consistency`, `evaluate`, `baselines`, `metrics` and `observations`. The room
itself imports from `training` and `tables`, never from Kedro or MLflow.
"""
