import json
import logging

class Line(logging.Formatter):
    def format(self, record):
        payload = {"level": record.levelname, "msg": record.getMessage()}
        return json.dumps(payload, default=str)

def setup(logger):
    handler = logging.handlers.RotatingFileHandler("plain.log", maxBytes=10)
    handler.setFormatter(Line())
    logger.addHandler(handler)
