"""Training configurations: Python files whose docstrings state cost and expected result."""

from pathlib import Path

CONFIGS = Path(__file__).parent
