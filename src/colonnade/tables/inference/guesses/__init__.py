"""One module for each kind of guess: numbers, dates, codes, sparse columns, words in an order.

Imports `schema`; of `inference` nothing else.
"""
