"""The training loop, and what it remembers: when members stop, at which rates, from which file.

Imports the engine's batches, gradients and records, `networks` and `components`.
"""
