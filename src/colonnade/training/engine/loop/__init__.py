"""The training loop: early stopping, rates of each step, checkpoints.

Imports the engine's batches, gradients and records, `networks` and `components`.
"""
