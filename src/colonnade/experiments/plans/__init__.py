"""What an experiment varies: plans, and configurations proposed one after another.

Modules, each importing only from those after it: `search`, `plan`.
"""
