import json
import os

def flush(kind, shard, rows):
    name = "%s-%05d.ndjson" % (kind, shard)
    with open(os.path.join("shards", name), "w") as f:
        for r in rows:
            f.write(json.dumps(r) + "\n")
