"""Explanations: class activation maps, and feature maps of the first layer."""
