"""The modalities that this server knows: those that Lobule brings along, and those that workers have announced."""
