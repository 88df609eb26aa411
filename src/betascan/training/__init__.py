"""Training: the linear scan (all points of beta at once)."""
