"""The thesis' comparisons and ours, run again and written as Markdown beside the published figures."""
