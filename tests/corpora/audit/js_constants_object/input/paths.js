const fs = require('fs');

const PATHS = Object.freeze({ events: 'store/events.ndjson', users: 'store/users.ndjson' });

exports.event = (e) => fs.appendFile(PATHS.events, JSON.stringify(e) + '\n', () => {});
exports.users = () => fs.readFileSync(PATHS.users, 'utf8').split('\n').filter(Boolean).map(JSON.parse);
