"""Training: configurations become model packages, with their out-of-fold figures."""
