"""Python sources: what is opened, what is written, and which file it is."""
