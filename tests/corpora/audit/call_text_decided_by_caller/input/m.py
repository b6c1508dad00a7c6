import json

def append_line(path, text):
    with open(path, "a") as f:
        f.write(text + "\n")

def main(rows):
    for r in rows:
        append_line("lines/rows.out", json.dumps(r))
    append_line("lines/notes.txt", "all done")
