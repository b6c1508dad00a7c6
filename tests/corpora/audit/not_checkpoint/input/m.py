import json

def save(state):
    with open("checkpoint.json", "w") as f:
        json.dump(state, f)
    with open("latest", "w") as f:
        f.write(state["name"] + "\n")
