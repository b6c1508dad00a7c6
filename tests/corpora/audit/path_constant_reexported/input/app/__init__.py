from .paths import TURNS
