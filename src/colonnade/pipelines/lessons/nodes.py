"""The nodes that draw the lessons' figures; what they import would slow every command down."""

from typing import Any


def draw_activations() -> Any:
    """Formula, curve and derivative of each activation (lesson 4)."""
    from colonnade.lessons.activations import activation_curves

    return activation_curves()


def draw_initialisation() -> Any:
    """Variance through 20 layers, by initializer (lesson 5)."""
    from colonnade.lessons.initialisation import initialisation_variance

    return initialisation_variance()


def draw_optimizers() -> Any:
    """Paths of the optimizers over a ravine and a saddle (lesson 8)."""
    from colonnade.lessons.optimizers import optimizer_paths

    return optimizer_paths()


def draw_schedules() -> Any:
    """Learning rates over 200 epochs (lesson 9)."""
    from colonnade.lessons.schedules import schedule_curves

    return schedule_curves()
