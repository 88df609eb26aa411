"""Posterior collapse as automatic spectral pruning: a scan of linear VAEs on WorldClim.

cells -> training -> measurement (steps.py) -> tables.py -> figures.py
"""
