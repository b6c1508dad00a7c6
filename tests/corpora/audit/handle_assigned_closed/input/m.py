import json

def dump(rows):
    out = open("rows.out", "w")
    try:
        for row in rows:
            out.write(json.dumps(row))
            out.write("\n")
    finally:
        out.close()
