"""Posterior collapse as automatic spectral pruning: a scan of linear VAEs on WorldClim."""
