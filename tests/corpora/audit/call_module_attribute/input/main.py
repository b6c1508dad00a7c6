import lib.io as lio

def main():
    lio.append("module/one.txt", {})
