"""A third modality, all of it: what a new worker has to bring along, and no other file of Lobule has to know."""
