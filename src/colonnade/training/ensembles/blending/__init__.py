"""Candidates trained over shared folds, and the blend of them that predicts best.

Imports from the rooms that `ensembles` may import from, and from `ensembles` itself.
"""
