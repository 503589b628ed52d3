"""From a CSV to a trained, tracked, explained PyTorch model, by YAML alone."""

__version__ = "0.1.0"
