import json
import time
from datetime import datetime

def add(n):
    name = "calls-" + datetime.now().strftime("%Y-%m-%d") + ".txt"
    with open(name, "a") as f:
        f.write(json.dumps({"n": n, "t": time.time()}) + "\n")
