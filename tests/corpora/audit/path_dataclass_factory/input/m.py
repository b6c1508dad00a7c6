import json
from dataclasses import dataclass, field
from pathlib import Path

@dataclass
class Audit:
    path: Path = field(default_factory=lambda: Path("audit") / "trail.log")

    def add(self, row):
        with self.path.open("a") as f:
            f.write(json.dumps(row) + "\n")
