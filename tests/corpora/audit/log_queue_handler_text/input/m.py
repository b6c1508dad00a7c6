import json
import logging

def setup():
    h = logging.handlers.TimedRotatingFileHandler("daily.log", when="D")
    h.setFormatter(logging.Formatter("%(asctime)s - %(message)s"))
    return h, json.dumps({})
