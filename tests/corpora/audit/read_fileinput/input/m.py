import fileinput
import json

def load():
    for line in fileinput.input(files=["in.txt"]):
        yield json.loads(line)
