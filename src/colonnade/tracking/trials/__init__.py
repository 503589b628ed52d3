"""Recording an experiment: a run for the whole, and below it one for each trial.

Imports `recording`, and what stands below it; only hooks import it.
"""
