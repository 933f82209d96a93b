"""Decodes images in a process with limits and without secrets (docs/adr/0011-images-are-decoded-in-a-sandbox.md).

`decoder` starts that process and sends it files, `server` runs in it and forks a child for each file, `confinement`
drops the child's rights, and `wire` defines the format of the response. `images` reads films and fields this way.
"""
