"""Whole frames: one training, or an experiment of many."""
