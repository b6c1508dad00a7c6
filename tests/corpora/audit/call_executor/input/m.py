import json
from concurrent.futures import ThreadPoolExecutor

def append(path, record):
    with open(path, "a") as f:
        f.write(json.dumps(record) + "\n")

def main(rows):
    with ThreadPoolExecutor() as pool:
        for r in rows:
            pool.submit(append, "pool/rows.txt", r)
