import json
import logging

class AuditLog:
    def __init__(self, log_file="audit.log"):
        self.log_file = log_file
        logging.basicConfig(handlers=[logging.FileHandler(self.log_file)])

    def record(self, entry):
        with open(self.log_file, "a") as f:
            f.write(json.dumps(entry) + "\n")
