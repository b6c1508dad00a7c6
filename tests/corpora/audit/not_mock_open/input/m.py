import json
from unittest.mock import mock_open, patch

def check(code):
    with patch("builtins.open", mock_open()) as opened:
        code.log({"a": 1})
        opened.assert_called_with("events.jsonl", "a")
        opened().write.assert_called_with(json.dumps({"a": 1}) + "\n")
