"""Numbers that say how good predictions are, their intervals, and the verdict they lead to.

Imports `observations`, and `training` for conformal intervals; nothing else of `evaluation`.
"""
