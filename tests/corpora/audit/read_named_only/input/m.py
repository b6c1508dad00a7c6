def count():
    with open("events.jsonl") as f:
        return sum(1 for _ in f)
