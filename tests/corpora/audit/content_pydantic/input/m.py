def save(events):
    with open("pd.out", "w") as f:
        for e in events:
            f.write(e.model_dump_json() + "\n")
