import json

def vocab(words):
    with open("vocab.txt", "w") as f:
        for i, w in enumerate(words):
            f.write(f"{w}\t{i}\n")
    with open("vocab.json", "w") as f:
        f.write(json.dumps(words))
