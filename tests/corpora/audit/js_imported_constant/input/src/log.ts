import { appendFileSync, readFileSync } from 'fs';
import { EVENTS, sessionFile } from './paths.js';
import * as paths from './paths';

export function log(e: object) {
  appendFileSync(EVENTS, JSON.stringify(e) + '\n');
}

export function turn(e: object) {
  appendFileSync(sessionFile('main'), JSON.stringify(e) + '\n');
}

export function rows() {
  return readFileSync(paths.EVENTS, 'utf8').split('\n').filter(Boolean).map((l) => JSON.parse(l));
}
