def save(path, rows):
    with open(path, "w") as f:
        f.write("\n".join(rows))

def main():
    save("b/rows.txt", [])
