"""Reading: read-only questions, and what people do with the answers."""
