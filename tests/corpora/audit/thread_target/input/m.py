import json
import threading


def put(path, e):
    with open(path, 'a') as h:
        h.write(json.dumps(e) + '\n')


def f(e):
    threading.Thread(target=put, args=('t.jsonl', e)).start()
