"""A table's model behind an address: rows in, answers out, over HTTP.

May import `tracking` and what is below it; the commands alone import it.
"""
