import fs from 'fs';

// fs.appendFileSync('events.jsonl', JSON.stringify(e) + '\n');
/* for (const line of fs.readFileSync('events.jsonl', 'utf8').split('\n')) JSON.parse(line); */
const EXAMPLE = `
  fs.appendFileSync('events.jsonl', JSON.stringify(e) + "\\n");
`;
export const HELP = "use fs.appendFileSync('events.jsonl', JSON.stringify(e))";
const pattern = /appendFileSync\('x\.jsonl'/;
export function help() {
  fs.writeFileSync('help.txt', EXAMPLE + HELP + pattern.source);
}
