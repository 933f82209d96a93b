"""Findings that readers draw themselves, and which findings they take for the same lesion."""
