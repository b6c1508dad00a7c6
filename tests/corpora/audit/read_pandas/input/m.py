import pandas as pd

def load():
    return pd.read_json("in.txt", lines=True)
