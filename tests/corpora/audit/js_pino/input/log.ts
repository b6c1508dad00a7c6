import pino from 'pino';

export const logger = pino(pino.destination('logs/app.log'));

export const other = pino({
  level: 'info',
  transport: { target: 'pino/file', options: { destination: './logs/other.log' } },
});

export const screen = pino({ transport: { target: 'pino-pretty' } });
export const stdout = pino();
