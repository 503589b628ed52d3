"""From a file, an address or scikit-learn to raw cells, with everything checked that is no table.

Imports `schema` for problems and numbers, and `source`.
"""
