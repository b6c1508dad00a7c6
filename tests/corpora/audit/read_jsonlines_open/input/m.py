import jsonlines

def load():
    with jsonlines.open("in.txt") as r:
        return list(r.iter(skip_invalid=True))
