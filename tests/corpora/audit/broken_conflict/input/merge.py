import json

<<<<<<< HEAD
PATH = 'mine.jsonl'
=======
PATH = 'theirs.jsonl'
>>>>>>> other

def log(e):
    with open(PATH, 'a') as h:
        h.write(json.dumps(e) + '\n')
