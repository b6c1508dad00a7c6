import json

def log(e):
    with open('cut.jsonl', 'a') as h:
        h.write(json.dumps(e) + '\n')

TEXT = """
the download ended he
