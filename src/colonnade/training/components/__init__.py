"""Components of networks and training: one table entry for each name in YAML.

Imports only `colonnade.parameters` and `colonnade.errors`; every other room may import it.
"""
