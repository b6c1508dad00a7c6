import json
import logging

def setup():
    logger = logging.getLogger("events")
    handler = logging.FileHandler("timed.log")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.info(json.dumps({}))
