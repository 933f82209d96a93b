"""A complete third modality: all that a new worker needs, without changes to other files of Lobule."""
