"""Resumable training of any Keras model: learning-rate schedule, state, run folder and loop."""
