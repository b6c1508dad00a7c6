from loguru import logger

logger.add("loguru/app.log", serialize=True)
logger.add("loguru/plain.log", rotation="1 MB")
