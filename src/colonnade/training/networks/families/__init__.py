"""Families of networks beside those for tables: convolutional, and autoencoders.

Imports `kinds` and training's components.
"""
