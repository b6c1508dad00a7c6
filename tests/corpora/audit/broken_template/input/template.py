import json
from {{ package }} import settings

NAME = {{ default }}

def log(e):
    with open('templated.jsonl', 'a') as h:
        h.write(json.dumps(e) + '\n')
