"""Layers of networks, one file a kind.

Imports the other components.
"""
