"""What numbers of several runs say together."""
