"""How a worker runs a step: claim, run, heartbeat, complete or fail. The pipelines themselves live in the services."""
