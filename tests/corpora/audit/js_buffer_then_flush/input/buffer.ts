import * as fs from 'fs';

export class Buffered {
  private lines: string[] = [];

  add(e: object) {
    this.lines.push(JSON.stringify(e));
    if (this.lines.length > 100) this.flush();
  }

  flush() {
    if (!this.lines.length) return;
    fs.appendFileSync('buffered.out', this.lines.join('\n') + '\n');
    this.lines = [];
  }
}
