"""Queries on what hangs on a case: its reads, and emergency accesses to it."""
