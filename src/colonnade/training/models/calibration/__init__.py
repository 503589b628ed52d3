"""What is fitted on validation rows after the weights: the temperature, the decision threshold."""
