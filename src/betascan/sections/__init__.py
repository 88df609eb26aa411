"""Sections of the configuration, one module a study of images."""
