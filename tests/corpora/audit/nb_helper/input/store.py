import json


def put(path, row):
    with open(path, 'a') as f:
        f.write(json.dumps(row) + '\n')
