import pandas as pd

def save(df: pd.DataFrame):
    with open("pd.out", "w") as f:
        df.to_json(f, orient="records", lines=True)
