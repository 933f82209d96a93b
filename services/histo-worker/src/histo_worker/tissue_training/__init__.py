"""Trains the tissue network over laboratories, and measures it across them."""
