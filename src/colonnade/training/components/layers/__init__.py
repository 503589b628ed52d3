"""Layers that any network can be made of; one file for each thing that they do.

Imports the other components.
"""
