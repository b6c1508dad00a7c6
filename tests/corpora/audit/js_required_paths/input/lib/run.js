const fs = require('fs');
const { LOG } = require('../config');
const config = require('../config');

fs.appendFileSync(LOG, JSON.stringify({ a: 1 }) + '\n');
fs.appendFileSync(config.STATE, JSON.stringify({ a: 1 }) + '\n');
