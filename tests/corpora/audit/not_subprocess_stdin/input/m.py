import json
import subprocess

def emit(rows):
    p = subprocess.Popen(["cat"], stdin=subprocess.PIPE, text=True)
    for row in rows:
        p.stdin.write(json.dumps(row) + "\n")
