import json
import sqlite3

def save(rows):
    db = sqlite3.connect("events.db")
    for r in rows:
        db.execute("insert into events values (?)", (json.dumps(r) + "\n",))
