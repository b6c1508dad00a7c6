import json

class Files:
    @staticmethod
    def append(path, record):
        with open(path, "a") as f:
            f.write(json.dumps(record) + "\n")

def main():
    Files.append("static/rows.txt", {})
