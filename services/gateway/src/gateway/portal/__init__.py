"""The portal: server-rendered pages and plain ES modules. It speaks to the same JSON API as everyone."""
