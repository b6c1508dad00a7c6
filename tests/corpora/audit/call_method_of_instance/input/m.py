import json

class Out:
    def append(self, name, record):
        with open(f"out/{name}.txt", "a") as f:
            f.write(json.dumps(record) + "\n")

def main():
    out = Out()
    out.append("wins", {})
