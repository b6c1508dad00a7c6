import jsonlines

def save(rows):
    with jsonlines.open("ja.out", "w") as w:
        w.write_all(rows)
