import msgspec

def load():
    with open("in.txt", "rb") as f:
        return [msgspec.json.decode(line) for line in f]
