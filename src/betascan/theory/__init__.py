"""What the documents derive: laws to be drawn over measured points."""
