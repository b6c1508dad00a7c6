import json
import os
from pathlib import Path


import logging
from jsonlog import JsonFormatter


def f():
    h = logging.FileHandler('app.log')
    h.setFormatter(JsonFormatter())
    t = logging.FileHandler('text.log')
    t.setFormatter(logging.Formatter('%(message)s'))
