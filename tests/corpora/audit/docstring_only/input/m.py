import json
import os
from pathlib import Path


def f(e):
    """Append to events.jsonl: open("events.jsonl", "a").write(json.dumps(e))."""
    return json.dumps(e)
