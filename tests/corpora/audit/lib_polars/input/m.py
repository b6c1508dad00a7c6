import polars as pl

def save(df):
    df.write_ndjson("pl.out")
    return pl.scan_ndjson("pl.in"), pl.read_ndjson(source="pl2.in")
