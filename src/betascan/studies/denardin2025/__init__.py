"""denardin2025: Tables 01-04 and the figures of the slides, and what they lack."""
