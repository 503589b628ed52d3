"""What the columns of a table mean, and from raw cells to typed ones by that meaning.

Imports `source`; of the other rooms none.
"""
