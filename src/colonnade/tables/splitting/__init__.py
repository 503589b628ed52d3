"""Give each row to train, validation or test, once or fold by fold.

Imports `schema` and `source`.
"""
