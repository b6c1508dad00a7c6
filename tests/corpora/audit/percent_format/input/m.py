import json


def f(e):
    with open('log/%s.jsonl' % e.kind, 'a') as h:
        h.write(json.dumps(e) + '\n')
