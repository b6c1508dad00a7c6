import jsonlines

def load():
    with open("in.txt") as fp:
        for row in jsonlines.Reader(fp):
            yield row
