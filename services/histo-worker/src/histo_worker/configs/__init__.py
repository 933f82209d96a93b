"""Training configurations: Python files whose docstrings state what they cost and what they reach."""

from pathlib import Path

CONFIGS = Path(__file__).parent
