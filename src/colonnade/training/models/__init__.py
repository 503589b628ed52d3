"""The trained model: what it predicts, how sure it is, and how it is kept.

Imports `networks`, `components` and `parameters`; never the engine that trained it.
"""
