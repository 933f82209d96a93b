"""The mass detector before deep learning that the report compares with (its section 2.5)."""
