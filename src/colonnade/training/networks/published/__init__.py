"""Networks from papers, by their authors' packages where there are any; one file a kind.

Imports those packages, and `base`; imported itself where such a network is built.
"""
