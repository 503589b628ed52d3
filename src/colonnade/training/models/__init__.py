"""The trained model: what it predicts, how certain it is, and how it is stored.

Imports `networks`, `components` and `training_params`; never the engine that trained it.
"""
