class Store:
    def sink(self):
        return open("store/sink.out", "a", buffering=1)
