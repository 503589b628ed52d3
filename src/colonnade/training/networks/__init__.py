"""What a network computes: torch modules, their heads, and where their parameters lie.

Imports components; nothing here knows of rows, batches, epochs or files.
"""
