import json
from settings import CRAWL_LOG

def seen(url):
    with open(CRAWL_LOG, "a") as fh:
        fh.write(json.dumps({"url": url}) + "\n")
