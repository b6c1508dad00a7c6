"""The sub-commands of `telemetry`, one file for each kind."""
