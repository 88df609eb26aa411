"""The linear VAE, trained at every beta of a scan at once."""
