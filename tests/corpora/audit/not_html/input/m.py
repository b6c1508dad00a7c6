import json

def page(rows):
    with open("page.html", "w") as f:
        f.write("<script>\n")
        f.write("var rows = " + json.dumps(rows) + ";\n")
        f.write("</script>\n")
