import json
from unittest import mock

def check(code):
    with mock.patch("pathlib.Path.open", mock.mock_open(read_data='{"a": 1}\n{"a": 2}\n')):
        assert code.load("events.jsonl") == [json.loads('{"a": 1}')]
