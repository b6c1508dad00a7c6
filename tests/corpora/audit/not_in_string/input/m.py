TEMPLATE = '''
import json
with open("events.jsonl", "a") as f:
    f.write(json.dumps({}) + "\\n")
'''

def write_script():
    with open("script.py", "w") as f:
        f.write(TEMPLATE)
