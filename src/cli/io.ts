import { text } from 'node:stream/consumers';
import { COLOURED, type Paint, PLAIN, wantsColour } from '../formats/colour.ts';

/** What a command knows of the world around it; tests put their own in its place. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For standard output: does nothing where colours are not wanted. */
  readonly paint: Paint;
  /** Standard output, where that is a terminal. */
  readonly terminal: Terminal | undefined;
  /** Writes one or more lines to standard output; the last line break is added. */
  print(lines: string): void;
  /** The same to standard error. */
  complain(lines: string): void;
  readInput(): Promise<string>;
  /**
   * For a command that goes on until it is told to stop.
   * @param stop called by Ctrl-C and its kind, with the signal, and when nobody reads the output any more
   * @returns what makes such signals end the process again
   */
  onStop(stop: (signal?: NodeJS.Signals) => void): () => void;
}

/** A terminal as it is at the moment: people change its size. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** The cursor cannot be moved: lines can only follow each other. */
  readonly isDumb: boolean;
  /** Writes text that may hold control sequences. */
  write(text: string): void;
  /** @returns what ends it */
  onResize(listener: () => void): () => void;
  /** Ctrl-Z and fg: the terminal is somebody else's in between. @returns what ends it */
  onSuspend(leave: () => void, back: () => void): () => void;
}

/** SIGHUP: the terminal is gone. */
const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** What a terminal has that does not tell its size, as a serial line. */
const USUAL = { columns: 80, rows: 24 };

export function processIo(): Io {
  const { env: environment, stdout, stderr, stdin } = process;
  return {
    environment,
    paint: wantsColour(environment, stdout.isTTY) ? COLOURED : PLAIN,
    terminal: stdout.isTTY ? terminalOf(stdout, environment.TERM) : undefined,
    print: lines => void stdout.write(`${lines}\n`),
    complain: lines => void stderr.write(`${lines}\n`),
    readInput: () => text(stdin),
    onStop: stop => {
      const onError = (): void => stop();
      for (const signal of STOPPING) process.on(signal, stop);
      stdout.on('error', onError);
      return () => {
        for (const signal of STOPPING) process.off(signal, stop);
        stdout.off('error', onError);
      };
    },
  };
}

function terminalOf(stdout: NodeJS.WriteStream, type: string | undefined): Terminal {
  return {
    get columns() {
      return stdout.columns || USUAL.columns;
    },
    get rows() {
      return stdout.rows || USUAL.rows;
    },
    isDumb: type === undefined || type === '' || type === 'dumb',
    write: written => void stdout.write(written),
    onResize: listener => {
      stdout.on('resize', listener);
      return () => stdout.off('resize', listener);
    },
    onSuspend: (leave, back) => {
      const suspend = (): void => {
        leave();
        // The signal that nobody can catch does what the caught one would have done.
        process.kill(process.pid, 'SIGSTOP');
      };
      process.on('SIGTSTP', suspend).on('SIGCONT', back);
      return () => process.off('SIGTSTP', suspend).off('SIGCONT', back);
    },
  };
}
