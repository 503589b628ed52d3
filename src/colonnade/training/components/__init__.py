"""What networks and trainings are made of: one entry of a table for each word in YAML.

Imports only `colonnade.parameters` and `colonnade.errors`; every other room may import it.
"""
