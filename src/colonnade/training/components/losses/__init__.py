"""What training minimizes: a loss for each task, and the head that makes its logits.

Every loss is listed in `loss_params`. Imports `named_choice`, from the room around it, alone.
"""
