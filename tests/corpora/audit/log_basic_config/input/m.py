import json
import logging

logging.basicConfig(filename="basic.log", format="%(message)s", level=logging.INFO)

def record(e):
    logging.info(json.dumps(e))
