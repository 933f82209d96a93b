"""The simple interface: one request with name, password and image; the answer is the report."""
