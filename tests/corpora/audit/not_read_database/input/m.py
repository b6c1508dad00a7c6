import json
import sqlite3

def load():
    for (text,) in sqlite3.connect("x.db").execute("select t from e"):
        yield json.loads(text)
