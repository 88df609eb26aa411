"""vu2026: mutual information collapse and the lambda-beta-VAE."""
