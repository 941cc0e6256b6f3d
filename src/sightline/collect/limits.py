"""How long each value may be. What is longer is cut and counted, never refused: a hit is worth more than its title.

The lengths are those of the tables that reports of Umami were written for, in characters.
"""

from typing import Final

HOSTNAME: Final = 100
PATH: Final = 500
QUERY: Final = 500
TITLE: Final = 500
REFERRER: Final = 500
CAMPAIGN: Final = 255  # utm_… and click ids
NAME: Final = 50
TAG: Final = 50
SCREEN: Final = 11
LANGUAGE: Final = 35
PERSON: Final = 500
AGENT: Final = 1000
ADDRESS: Final = 64
PROPERTY_NAME: Final = 500
PROPERTY_TEXT: Final = 500
PROPERTIES: Final = 100
PROPERTIES_DEPTH: Final = 8
PROPERTIES_SIZE: Final = 32_768  # bytes of JSON text, before it is read

# A URL that is longer says nothing that a report could show; the masker stars it whole.
URL: Final = 8192
