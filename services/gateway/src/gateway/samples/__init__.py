"""A case to try the portal with: four synthetic films, drawn by `lobule.phantoms.write_sample`."""
