import jsonlines

def save(rows):
    with open("jw.out", "w") as fp:
        writer = jsonlines.Writer(fp)
        writer.write_all(rows)
