import json

def save(words):
    with open("words.txt", "w") as f:
        for w in words:
            f.write(w + "\n")
    return json.dumps(words)
