"""Care: health, copies, and how old rows go."""
