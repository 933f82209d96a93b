"""Named configurations: a network and how it is trained."""
