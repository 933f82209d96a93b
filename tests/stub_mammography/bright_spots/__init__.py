"""A mammography worker for tests, which finds white areas and needs no network."""
