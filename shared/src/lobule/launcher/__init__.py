"""The embedded deployment: everything on one machine, started by one command, with nothing installed beside Python."""
