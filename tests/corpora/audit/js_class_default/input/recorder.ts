import fs from 'fs';
import path from 'path';

interface Options { dir?: string; name?: string }

export class Recorder {
  private readonly target: string;

  constructor({ dir = 'records', name = 'run' }: Options = {}) {
    this.target = path.resolve(dir, `${name}.jsonl`);
  }

  write(row: object) {
    const text = this.serialize(row);
    fs.appendFileSync(this.target, text);
  }

  private serialize(row: object): string {
    return JSON.stringify(row) + '\n';
  }
}
