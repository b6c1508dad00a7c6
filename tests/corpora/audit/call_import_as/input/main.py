from lib.io import append as add_line

def main():
    add_line("imported/one.txt", {})
