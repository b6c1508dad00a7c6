import pandas as pd

def load():
    for chunk in pd.read_json(path_or_buf="in.txt", lines=True, chunksize=100):
        yield chunk
