"""`python -m lobule.cli`."""

from lobule.cli.main import main

main()
