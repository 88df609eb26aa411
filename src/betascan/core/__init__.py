"""Errors, files, random streams, provenance: what everything else stands on."""
