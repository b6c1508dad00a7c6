import { writeFile, writeFileSync } from 'fs';

export function one(e: object) {
  writeFileSync('flags/one.log', JSON.stringify(e) + '\n', { flag: 'a' });
  writeFile('flags/two.log', `${JSON.stringify(e)}\n`, { flag: 'a+', encoding: 'utf8' }, () => {});
  writeFileSync('flags/once.json', JSON.stringify(e) + '\n', { flag: 'w' });
}
