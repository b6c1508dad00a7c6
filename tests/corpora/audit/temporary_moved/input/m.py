import json
import shutil

def save(rows):
    final = "state/all.out"
    with open(final + ".tmp", "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
    shutil.move(final + ".tmp", final)
