import json
from urllib.request import urlopen

def stream(url):
    with urlopen(url) as r:
        for line in r:
            yield json.loads(line)
