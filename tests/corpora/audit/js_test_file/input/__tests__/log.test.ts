import fs from 'fs';
import { record } from '../log';

jest.mock('fs');

test('appends one line', () => {
  record({ a: 1 });
  expect(fs.appendFileSync).toHaveBeenCalledWith('data/events.jsonl', JSON.stringify({ a: 1 }) + '\n');
});

test('reads back', () => {
  fs.writeFileSync('tmp/in.jsonl', '{"a":1}\n{"a":2}\n');
});
