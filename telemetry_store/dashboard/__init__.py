"""Pictures of a telemetry database: what is worth drawing, the SQL for it, and a local server that shows it."""
