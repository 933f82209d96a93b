"""Training configurations: Python files whose docstrings state what they cost and what they reach."""
