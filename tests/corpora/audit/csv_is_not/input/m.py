import csv
import json


def f(rows):
    json.dumps(rows)
    with open('a.csv', 'a') as h:
        csv.writer(h).writerows(rows)
        h.write('done\n')
