"""`python -m lobule`, the same as the command `lobule`."""

from lobule.cli import main

main()
