import json
import re

def load():
    with open("page.html") as f:
        html = f.read()
    return json.loads(re.search(r"data = (.*);", html).group(1))
