"""What the environment says, read once: `SIGHTLINE_…`, or the name that users of AWS Powertools have set already."""

import os

LEVELS = {"DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "CRITICAL": 50, "FATAL": 50}
NAMES = {10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}


def first(*names: str, default: str = "") -> str:
    """The first of these variables that is set and not empty."""
    for name in names:
        value = os.environ.get(name, "")
        if value:
            return value
    return default


def _share(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


class Settings:
    """The settings of one process. What cannot be understood is as if it were not set: logging stops no function."""

    __slots__ = (
        "capture",
        "clean",
        "environment",
        "function",
        "level",
        "namespace",
        "rules",
        "sample",
        "service",
        "user_key",
    )

    def __init__(self) -> None:
        self.function = first("AWS_LAMBDA_FUNCTION_NAME")
        self.service = first(
            "SIGHTLINE_SERVICE", "POWERTOOLS_SERVICE_NAME", default=self.function or "service_undefined"
        )
        self.environment = first("SIGHTLINE_ENVIRONMENT")
        usual = f"Sightline/{self.environment}" if self.environment else "Sightline"
        self.namespace = first("SIGHTLINE_NAMESPACE", "POWERTOOLS_METRICS_NAMESPACE", default=usual)
        asked = first("SIGHTLINE_LOG_LEVEL", "POWERTOOLS_LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL", "LOG_LEVEL")
        self.level = LEVELS.get(asked.upper(), 20)
        self.sample = _share(first("SIGHTLINE_DEBUG_SAMPLE", "POWERTOOLS_LOGGER_SAMPLE_RATE", default="0"))
        self.clean = first("SIGHTLINE_CLEAN", default="on").lower() not in {"off", "false", "0"}
        self.rules = first("SIGHTLINE_RULES")
        self.user_key = first("SIGHTLINE_USER_KEY")
        self.capture = first("SIGHTLINE_CAPTURE_LOGGING", default="on").lower() not in {"off", "false", "0"}
