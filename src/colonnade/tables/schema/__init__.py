"""What the columns of a table mean, and from raw cells to typed ones by that meaning.

Imports none of the other rooms.
"""
