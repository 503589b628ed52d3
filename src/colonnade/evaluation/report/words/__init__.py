"""What a report says, in words: the summary, advice, rows of tables, and all that its page prints.

Imports the report's content; the page and the model card import it.
"""
