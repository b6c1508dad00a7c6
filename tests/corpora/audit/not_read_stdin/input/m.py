import json
import sys

def stream():
    for line in sys.stdin:
        yield json.loads(line)
    for line in open(0):
        yield json.loads(line)
