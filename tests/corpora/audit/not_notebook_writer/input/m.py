import json

def save(cells):
    doc = {"cells": cells}
    with open("nb.ipynb", "w") as f:
        f.write(json.dumps(doc))
        f.write("\n")
