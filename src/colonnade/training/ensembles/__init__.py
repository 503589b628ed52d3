"""What is trained together: one model's phases, its members, many models, folds, strengths.

Imports `prepare`, `engine`, `models` and all below them; only the front door imports it.
"""
