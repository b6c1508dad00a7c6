import json


def f(e, now):
    with open('a.log', 'a') as h:
        h.write(f'{now} ' + 'event ' + json.dumps(e) + '\n')
