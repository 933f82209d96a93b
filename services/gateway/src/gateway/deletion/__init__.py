"""Deletes a case with all that belongs to it, and says before what deleting a case or an image takes with it."""
