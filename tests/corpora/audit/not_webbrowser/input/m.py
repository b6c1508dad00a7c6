import json
import webbrowser

def show(doc):
    webbrowser.open("events.jsonl", "a")
    return json.dumps(doc)
