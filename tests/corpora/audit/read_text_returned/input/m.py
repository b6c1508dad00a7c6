import json
from pathlib import Path

def text(path):
    return Path(path).read_text()

def main():
    for x in text("ret/in.txt").splitlines():
        print(json.loads(x))
