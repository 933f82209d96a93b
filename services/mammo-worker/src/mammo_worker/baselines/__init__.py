"""The mass detector before deep learning that the thesis compares with (its section 2.5)."""
