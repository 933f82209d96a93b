"""The package that all services share."""

__version__ = "0.1.0"

RESEARCH_USE_ONLY = "Research use only. Lobule assists a reader and never replaces one."
