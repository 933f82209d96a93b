"""Readers of data sets: each gives `data.annotated.AnnotatedFilm`."""
