import logging

def setup():
    logger = logging.getLogger("text")
    handler = logging.FileHandler("text.log")
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger.addHandler(handler)
    logger.info("ready")
