import json

def partition(rows):
    files = {}
    for row in rows:
        lang = row["lang"]
        if lang not in files:
            files[lang] = open(f"langs/{lang}.out", "w")
        files[lang].write(json.dumps(row) + "\n")
    for f in files.values():
        f.close()
