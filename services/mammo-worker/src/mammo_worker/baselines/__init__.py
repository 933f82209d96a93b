"""The mass detector before deep learning with which the thesis compares (its section 2.5)."""
