"""The machinery behind tests/wire: pages are read by `page`, played by `story` (see ../README.md)."""
