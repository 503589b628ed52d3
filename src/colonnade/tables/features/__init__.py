"""From typed columns to the numbers that a model reads, by statistics of the train rows alone.

Imports `schema` and `source`.
"""
