"""The style of all figures, and panels that several of them draw."""
