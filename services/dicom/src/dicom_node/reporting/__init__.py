"""Reporting: sends the node's state to the gateway and runs the tasks of administrators."""
