"""Decodes images in a process with limits and without secrets (docs/adr/0011-images-are-decoded-behind-a-wall.md).

`decoder` starts that process and asks it, `server` runs in it and forks a child for each file, `confinement` takes the
child's rights away, `wire` is the form of what comes back. `images` reads films and fields this way.
"""
