"""The same modules after the change: each calls store.record."""
