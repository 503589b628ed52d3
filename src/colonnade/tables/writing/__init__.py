"""Leave no half-written file, no formula and no NaN behind.

Imports nothing of the library; everything may import it.
"""
