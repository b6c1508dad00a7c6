import json
import logging

class JsonLines(logging.FileHandler):
    def emit(self, record):
        self.stream.write(json.dumps({"m": record.msg}) + "\n")

def setup():
    return JsonLines("sub.log")
