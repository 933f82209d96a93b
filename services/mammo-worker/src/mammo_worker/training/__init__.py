"""Trains networks through the phases of a plan, from initial weights."""
