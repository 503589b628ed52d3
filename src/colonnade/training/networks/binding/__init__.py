"""How a network's parameters lie in flat rows, and the module upon such rows.

Imports `base` and the kinds of networks beside it, and `components`.
"""
