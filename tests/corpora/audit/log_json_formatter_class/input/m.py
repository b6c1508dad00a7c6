import json
import logging

class JsonFormatter(logging.Formatter):
    def format(self, record):
        return json.dumps({"m": record.getMessage()})

def setup():
    handler = logging.FileHandler("srv.log")
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
