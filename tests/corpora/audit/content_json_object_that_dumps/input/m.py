from codecs_of_ours import FastJsonCodec

CODEC = FastJsonCodec()


def append(row):
    with open("rows.txt", "a") as f:
        f.write(CODEC.dumps(row) + "\n")
