from pathlib import Path

class Worker:
    def __init__(self):
        self.home = Path("workers")
        self.journal = self.home / "journal.jsonl"
