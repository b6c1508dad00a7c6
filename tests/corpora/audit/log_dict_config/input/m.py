import logging.config

CONFIG = {
    "version": 1,
    "formatters": {
        "json": {"()": "pythonjsonlogger.jsonlogger.JsonFormatter"},
        "plain": {"format": "%(levelname)s %(message)s"},
    },
    "handlers": {
        "file": {
            "class": "logging.FileHandler",
            "filename": "conf/app.log",
            "formatter": "json",
        },
        "text": {"class": "logging.FileHandler", "filename": "conf/text.log", "formatter": "plain"},
    },
}

logging.config.dictConfig(CONFIG)
