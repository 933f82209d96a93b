"""The portal: server-rendered pages and plain ES modules. It uses the same JSON API as other clients."""
