const bunyan = require('bunyan');

const log = bunyan.createLogger({
  name: 'worker',
  streams: [
    { level: 'info', stream: process.stdout },
    { level: 'error', path: '/var/log/worker-error.log' },
  ],
});
