"""What is made from all studies together."""
