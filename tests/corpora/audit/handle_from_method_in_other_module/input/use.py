import json
from store import Store

def main(row):
    with Store().sink() as f:
        f.write(json.dumps(row) + "\n")
