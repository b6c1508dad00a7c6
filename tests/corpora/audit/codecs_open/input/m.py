import codecs
import json

def save(row):
    with codecs.open("c.out", "a", "utf-8") as f:
        f.write(json.dumps(row, ensure_ascii=False) + u"\n")
