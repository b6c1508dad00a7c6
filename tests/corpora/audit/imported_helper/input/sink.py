import json


def put(path, e):
    with open(path, 'a') as h:
        h.write(json.dumps(e) + '\n')
