def save(df):
    df.to_json(path_or_buf="pk.out", orient="records", lines=True, mode="a")
