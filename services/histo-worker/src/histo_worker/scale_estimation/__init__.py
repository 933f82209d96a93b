"""Estimates the scale of a field from its picture, where neither the user nor the file states it."""
