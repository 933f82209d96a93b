"""Pictures for the eye: previews of files before their upload, and the full depth of films for the viewer."""
