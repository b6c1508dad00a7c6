import json

def log(e):
	if e:
        pass
	with open('tabs.jsonl', 'a') as h:
	    h.write(json.dumps(e) + '\n')
