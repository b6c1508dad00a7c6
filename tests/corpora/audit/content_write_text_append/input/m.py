import json
from pathlib import Path

LOG = Path("wt.out")

def save(row):
    LOG.write_text(LOG.read_text() + json.dumps(row) + "\n")
