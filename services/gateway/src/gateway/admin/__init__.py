"""Queues and failed jobs, for administrators."""
