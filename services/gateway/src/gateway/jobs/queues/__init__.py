"""Queues: the steps that wait for workers, and the order in which they are claimed."""
