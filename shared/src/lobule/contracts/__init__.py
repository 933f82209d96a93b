"""The documents that services exchange. Each is a pydantic model; JSON is the only wire format."""
