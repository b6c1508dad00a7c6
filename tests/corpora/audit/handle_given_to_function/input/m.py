import json

def emit(fp, row):
    json.dump(row, fp)
    fp.write("\n")

def main(rows):
    with open("given/rows.out", "w") as f:
        for row in rows:
            emit(f, row)
