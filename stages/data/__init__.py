"""Pictures and features as arrays: CIFAR-10's batch files, and the feature sets made of them."""
