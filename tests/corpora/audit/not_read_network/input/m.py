import json
import requests

def stream(url):
    with requests.get(url, stream=True) as r:
        for line in r.iter_lines():
            yield json.loads(line)
