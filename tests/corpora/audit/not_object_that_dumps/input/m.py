from tables import MarkdownTableWriter


def table(rows):
    writer = MarkdownTableWriter()
    writer.value_matrix = rows
    return writer.dumps()


def append(path, rows):
    with open(path, "a") as f:
        f.write(f"## results\n{table(rows)}\n")
