"""Pictures for display: previews of files before their upload, and films in full depth for the viewer."""
