import json
import sys

def log(event):
    try:
        f = open('events.jsonl', 'a')
        f.write(json.dumps(event) + '\n')
    except IOError, e:
        print "cannot write", e
    print >>sys.stderr, "done"

def show(rows):
    for row in rows:
        print "%s: %d" % (row,
            len(row))
    raise ValueError, "none"
