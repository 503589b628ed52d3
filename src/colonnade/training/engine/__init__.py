"""How members are trained: the loop, its batches, when it stops, and how it goes on after a kill.

Imports `networks`, `components` and `training_params`; no frames, no model folders.
"""
