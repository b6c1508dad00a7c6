def emit():
    """Write to a file.

    Example::

        with open("events.jsonl", "a") as f:
            f.write(json.dumps(event) + "\\n")
    """
    return None
