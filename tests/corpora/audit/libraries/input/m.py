import json
import os
from pathlib import Path


import jsonlines
import pandas as pd


def f(df):
    df.to_json('a.out', orient='records', lines=True)
    pd.read_json('b.out', lines=True)
    with jsonlines.open('c.out', mode='a') as h:
        h.write({})
