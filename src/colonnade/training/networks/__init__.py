"""What a network computes: torch modules, and rows of numbers that they compute with.

Imports `components`; nothing here knows of batches, epochs or files. `base` says what a network has
to be, the files beside it are the kinds, `binding` lays their parameters out in rows.
"""
