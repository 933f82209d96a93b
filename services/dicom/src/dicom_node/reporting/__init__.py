"""Reporting: the node tells the gateway how it stands, and does what an administrator asks there."""
