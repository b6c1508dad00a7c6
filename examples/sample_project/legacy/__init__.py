"""The modules as they were: each appends JSON lines in its own way."""
