"""Why the model predicts what it does, and where it is wrong.

Imports `evaluate`, `metrics` and `observations`; no figures and no report.
"""
