import srsly

def save(rows):
    srsly.write_jsonl("sr.out", rows)
    return list(srsly.read_jsonl("sr.in"))
