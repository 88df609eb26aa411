"""Errors, files, random streams, provenance: what everything else is built on."""
