"""Which runs may be compared, in which order, and which of their facts to show.

Imports `store`, `server` and what stands below them.
"""
