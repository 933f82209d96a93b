"""The journal: what was received, what became of it, and what is to be sent. It is the node's only truth."""
