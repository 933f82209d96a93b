"""The modalities of this server: Lobule's own, and those that workers have announced."""
