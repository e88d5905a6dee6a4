"""What a network is made of: each layer is a function, its gradients, and what it learns."""
