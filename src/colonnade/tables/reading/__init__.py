"""From a file, an address or scikit-learn to raw cells, with files refused that are no table.

Imports `schema` for problems and numbers, and `source`.
"""
