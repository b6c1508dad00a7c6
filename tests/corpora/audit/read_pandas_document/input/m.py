import pandas as pd

def load():
    return pd.read_json("in.json"), pd.read_json("b.json", lines=False)
