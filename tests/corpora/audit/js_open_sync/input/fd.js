const fs = require('fs');

const fd = fs.openSync('spool/out.dat', 'a');

function put(record) {
  fs.writeSync(fd, JSON.stringify(record) + '\n');
}
