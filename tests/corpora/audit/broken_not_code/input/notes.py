This is no code at all: open('notes.jsonl', 'a').write(json.dumps(x) + '\n') is only mentioned
and "quoted text that never ends
(neither does this bracket
