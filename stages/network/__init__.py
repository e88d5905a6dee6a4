"""A softmax network in NumPy: layers, loss, penalties, optimiser, and a scikit-learn classifier.

Read in this order: `losses` (softmax and cross-entropy), `activations`, `model` (forward and
backward through the layers), `penalties`, `optimizers`, `training` (epochs), `classifier`.
"""
