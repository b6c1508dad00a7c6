from sink import Sink

sink = Sink("var/a")
