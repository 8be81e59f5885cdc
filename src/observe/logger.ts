import { type Logger, pino } from 'pino';
import { COLOURED, PLAIN, wantsColour } from '../text/colour.ts';
import { printableLines } from '../text/printable.ts';
import { prettyLine } from './pretty-line.ts';
import { ProgramLog } from './program-log.ts';

export type { Logger };

const STANDARD_ERROR = 2;

/** `"level":"warn"`, as collectors of logs read it, or pino's own `"level":40`. */
export type LevelFormat = 'words' | 'numbers';

/**
 * The program's own log on standard error, so that standard output is the access log's alone: JSON lines, or on a terminal
 * lines for people.
 */
export function createLogger(level: string, levelFormat: LevelFormat): Logger {
  // Node opens its stream here, which also makes a pipe one that does not block.
  const { isTTY } = process.stderr;
  const paint = wantsColour(process.env, isTTY) ? COLOURED : PLAIN;
  const format = isTTY ? (line: string) => prettyLine(line, paint) : printableLines;
  const log = new ProgramLog(STANDARD_ERROR, lost => {
    const msg = 'entries of this log were dropped: its reader was too slow';
    return format(
      `${JSON.stringify({ level: levelFormat === 'words' ? 'warn' : pino.levels.values.warn, time: new Date().toISOString(), lines: lost, msg })}\n`,
    );
  });
  process.once('exit', () => log.flush());
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label, number) => ({ level: levelFormat === 'words' ? label : number }) },
    },
    { write: line => log.write(format(line)) },
  );
}

/** For tests and for commands that print their own findings. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
