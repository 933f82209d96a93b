"""Stores responses by `Idempotency-Key`, so that a repeated request is executed once and gets the same response."""
