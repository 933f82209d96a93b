"""Trains the tissue network on several laboratories, and measures it across them."""
