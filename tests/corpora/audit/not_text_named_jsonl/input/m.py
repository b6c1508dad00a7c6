def banner():
    with open("out.jsonl", "w") as f:
        f.write("# created by hand\n")
        f.write("no rows yet\n")
