import { type Logger, pino } from 'pino';

export type { Logger };

/** The program's own log: JSON lines on standard error, so that standard output is the access log's alone. */
export function createLogger(level: string): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ fd: 2, sync: true }));
}

/** For tests and for commands that print their own findings. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
