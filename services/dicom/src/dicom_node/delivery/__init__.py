"""Delivery: what was received goes to the gateway, a case for each study."""
