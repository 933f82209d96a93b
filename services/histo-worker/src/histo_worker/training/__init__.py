"""Turns training configurations into model packages with out-of-fold figures."""
