"""What beta does in variational autoencoders: five documents replicated in one pipeline."""

__version__ = "0.1.0"
