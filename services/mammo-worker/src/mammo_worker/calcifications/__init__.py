"""Clusters of calcifications on films of 0.1 mm a pixel or finer."""
