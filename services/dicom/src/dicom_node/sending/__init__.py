"""Sending: delivers created objects to their destinations and retries until each has them."""
