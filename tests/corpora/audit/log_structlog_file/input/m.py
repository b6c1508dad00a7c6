import structlog
from pathlib import Path

structlog.configure(
    processors=[structlog.processors.TimeStamper(), structlog.processors.JSONRenderer()],
    logger_factory=structlog.WriteLoggerFactory(file=Path("st/app.log").open("at")),
)
