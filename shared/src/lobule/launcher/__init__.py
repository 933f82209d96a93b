"""The embedded deployment: one command starts everything on one machine, with nothing but Python installed."""
