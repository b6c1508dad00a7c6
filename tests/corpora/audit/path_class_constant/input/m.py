import json

class Ledger:
    DIR = "ledger"
    NAME = "entries.db.txt"

    def add(self, entry):
        path = f"{Ledger.DIR}/{self.NAME}"
        with open(path, "a") as f:
            f.write(f"{json.dumps(entry)}\n")
