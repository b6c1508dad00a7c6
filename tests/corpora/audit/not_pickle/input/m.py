import json
import pickle

def save(rows):
    with open("rows.pkl", "ab") as f:
        for r in rows:
            pickle.dump(r, f)
    return json.dumps(len(rows))
