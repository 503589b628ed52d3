"""The words of each kind of network, one file a kind; none of them imports torch.

Imports the parameters of `components`.
"""
