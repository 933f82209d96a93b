"""Resumable training of any Keras model: schedule, state, run folder and loop."""
