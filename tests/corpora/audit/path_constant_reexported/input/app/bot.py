import json
from app import TURNS

def remember(turn):
    with TURNS.open("a") as f:
        f.write(json.dumps(turn))
        f.write("\n")
