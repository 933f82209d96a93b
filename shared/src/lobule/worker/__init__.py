"""Runs a worker's steps: claim, run, heartbeat, complete or fail. The pipelines are in the services."""
