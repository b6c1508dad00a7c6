import json
from datetime import date
from pathlib import Path

def today_file(kind):
    folder = Path("diary")
    folder.mkdir(exist_ok=True)
    return folder / f"{kind}-{date.today().isoformat()}.txt"

def write(entry):
    with today_file("mood").open("a") as f:
        f.write(json.dumps(entry) + "\n")
