"""The simple interface: one request with user name, password and image is answered with the report."""
