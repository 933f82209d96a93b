"""Repeats the thesis' comparisons and ours, and writes them as Markdown beside the published figures."""
