import json

def flush(user, rows):
    name = "export_%(user)s.txt" % {"user": user}
    with open(name, "w") as f:
        for r in rows:
            f.write(json.dumps(r) + "\n")
