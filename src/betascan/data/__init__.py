"""The data sets: where they come from, what is checked, and their stand-ins."""
