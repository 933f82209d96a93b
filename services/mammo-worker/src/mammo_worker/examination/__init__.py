"""Reads the films of an examination together: those of a breast, of both breasts, and of two dates."""
