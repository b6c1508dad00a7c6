import json

def save(row, plain):
    with open("switch.out", "a") as f:
        if plain:
            f.write("row " + str(row) + "\n")
        else:
            f.write(json.dumps(row) + "\n")
