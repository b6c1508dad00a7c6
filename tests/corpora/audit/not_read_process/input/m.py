import json
import subprocess

def stream(cmd):
    p = subprocess.Popen(cmd, stdout=subprocess.PIPE, text=True)
    for line in p.stdout:
        yield json.loads(line)
