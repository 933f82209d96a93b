"""Calibrates the suspicion of films and breasts on films that a detector has not learned from, and measures it."""
