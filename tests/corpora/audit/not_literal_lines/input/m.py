import pandas as pd

def test_read():
    text = '{"a": 1}\n{"a": 2}\n'
    return pd.read_json(text, lines=True)
