"""Where the `telemetry` command begins."""
