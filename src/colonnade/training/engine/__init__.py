"""How members are trained: the loop, its batches, when it stops, and how it goes on after a kill.

Imports `networks`, `components` and `parameters`; no frames, no model folders.
"""
