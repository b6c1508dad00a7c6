def save(df):
    df.to_json("pd.json", orient="records")
    df.to_json("pd2.json", lines=False)
