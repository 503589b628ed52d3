"""Which runs may be compared, in which order, and what of them is worth a look.

Imports `store`, `server` and what stands below them.
"""
