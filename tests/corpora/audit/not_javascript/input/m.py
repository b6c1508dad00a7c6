import json

def page(rows):
    with open("data.js", "w") as f:
        for name, row in rows.items():
            f.write("window.%s = %s;\n" % (name, json.dumps(row)))
