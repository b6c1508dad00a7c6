import json
import os
from pathlib import Path

def act(a):
    where = Path(os.environ["DATA_DIR"]) / "acts.log"
    with where.open("a") as f:
        f.write(json.dumps(a) + "\n")
