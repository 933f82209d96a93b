"""Data sets: who is in which split, and the films with their truth."""
