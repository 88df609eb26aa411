"""chen2018: isolating sources of disentanglement in VAEs."""
