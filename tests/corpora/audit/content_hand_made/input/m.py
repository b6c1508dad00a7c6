def save(n):
    with open("hand.out", "a") as f:
        f.write('{"n": %d, "ok": true}\n' % n)
        f.write(f'{{"n": {n}}}\n')
