def save(df):
    with open("pt.out", "a") as f:
        f.write(df.to_json(orient="records", lines=True))
