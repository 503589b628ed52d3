"""A trained model as one file for other programs: from raw columns to answers, checked.

May import `training` and what is below it.
"""
