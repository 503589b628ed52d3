"""What is trained together: one model's phases, its members, many models, folds, strengths.

Imports `prepare`, `engine`, `models` and all below them; the front door and cross-validation
import it.
"""
