"""A mammography worker for tests: it finds what is painted white, and needs no network."""
