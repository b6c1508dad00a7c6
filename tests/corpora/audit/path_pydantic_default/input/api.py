import json
from config import settings

def served(req):
    with open(settings.log_path, "a") as f:
        f.write(json.dumps(req) + "\n")
