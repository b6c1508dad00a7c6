import json

def load(path="in.txt"):
    with open(path, encoding="utf-8") as handle:
        for number, raw in enumerate(handle, start=1):
            raw = raw.strip()
            if raw.startswith("#"):
                continue
            try:
                yield number, json.loads(raw)
            except json.JSONDecodeError as e:
                raise ValueError(f"line {number}") from e
