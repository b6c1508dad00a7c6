import json
from dataclasses import dataclass, field

@dataclass
class Config:
    out_dir: str = "dumps"
    name: str = field(default="answers.txt")

def save(cfg: Config, rows):
    with open(f"{cfg.out_dir}/{cfg.name}", "w") as f:
        for row in rows:
            f.write(json.dumps(row) + "\n")
