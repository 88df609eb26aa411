"""Typed parts of the configuration that several studies use."""
