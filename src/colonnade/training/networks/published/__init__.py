"""Networks that are their authors' modules, from their authors' packages; one file a kind.

Imports those packages, and `base`; imported itself where such a network is built.
"""
