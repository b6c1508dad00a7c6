from jsonlines import open as jopen

def save(rows):
    with jopen("jo.out", mode="a") as w:
        w.write(rows[0])
