const path = require('path');
const LOG = path.join(__dirname, 'logs', 'audit.jsonl');
module.exports = { LOG, STATE: 'state.ndjson' };
