import json

def load(response):
    for line in response.iter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])
