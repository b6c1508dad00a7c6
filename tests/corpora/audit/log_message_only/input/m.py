import json
import logging

def setup():
    logger = logging.getLogger("events")
    handler = logging.FileHandler("messages.log")
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    return logger

def record(logger, e):
    logger.info(json.dumps(e))
