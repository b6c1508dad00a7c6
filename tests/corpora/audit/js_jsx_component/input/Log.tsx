import React from 'react';
import { appendFileSync } from 'fs';

export function Log({ rows }: { rows: Row[] }) {
  const save = () => rows.forEach((row) => appendFileSync('ui/rows.jsonl', JSON.stringify(row) + '\n'));
  return (
    <div className="log">
      <p>It's here: {rows.length} / {rows.length + 1}</p>
      <button onClick={save}>Don't append</button>
    </div>
  );
}
