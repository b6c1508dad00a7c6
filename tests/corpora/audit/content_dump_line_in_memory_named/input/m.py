def copy(lines):
    with open("some/copied.jsonl", "w") as f:
        for line in lines:
            f.write(line)
