import json
import conf

def decide(d):
    with open(conf.DECISIONS, "a") as f:
        print(json.dumps(d), file=f)
