def save(events):
    with open("old.out", "w") as f:
        for e in events:
            f.write(e.json(exclude_none=True) + "\n")
