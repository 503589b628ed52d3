"""What trials say: which configuration is best, and which hyperparameters matter.

Modules, each importing only from those after it: `leaderboard`, `interactions` and
`importances`, `effects`.
"""
