"""A study of the rate of beta-VAEs."""
