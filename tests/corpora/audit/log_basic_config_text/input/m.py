import json
import logging

logging.basicConfig(filename="basic.log", level=logging.INFO)

def record(e):
    logging.info("got %s", json.dumps(e))
