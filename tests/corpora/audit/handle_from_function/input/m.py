import json

def opened(name):
    return open(f"logs/{name}.out", "a")

def main(rows):
    log = opened("main")
    for row in rows:
        log.write(json.dumps(row) + "\n")
    log.close()
