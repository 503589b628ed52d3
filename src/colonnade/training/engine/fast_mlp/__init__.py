"""A fast program for `networks.mlp`: its gradients derived by hand, in buffers made once.

Held to the module in float64 by `tests/training/test_gradients.py`; only the trainer imports it.
"""
