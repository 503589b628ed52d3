"""One table under many configurations: plans, trials, their ranking and what they tell.

Rooms, each importing only from those after it: `report`, `experiment`, `estimate`, `analysis`,
`running`, `trial_store`, `trials`, `trial_rows`, `plans`. The room itself imports from `evaluation`
and below, never from Kedro or MLflow.
"""
