import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { decodeText } from '../formats/text-file.ts';
import { COLOURED, type Paint, PLAIN, wantsColour } from '../text/colour.ts';

/** What a command may use of its process; tests pass their own. */
export interface Io {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For standard output: changes nothing if colours are off. */
  readonly paint: Paint;
  /** Standard output, if it is a terminal. */
  readonly terminal: Terminal | undefined;
  /** Writes one or more lines to standard output and adds the last line break. */
  print(lines: string): void;
  /** The same to standard error. */
  complain(lines: string): void;
  readInput(): Promise<string>;
  /** The same as it comes, for input that is too long for one text, or has no end. */
  openInput(): Readable;
  /**
   * For a command that runs until it is stopped.
   * @param stop called on SIGINT, SIGTERM and SIGHUP, with the signal, and when the reader of the output has gone
   * @returns restores the default: such signals end the process again
   */
  onStop(stop: (signal?: NodeJS.Signals) => void): () => void;
}

/** A terminal. Its size may change at any time. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** The cursor cannot be moved, so lines can only be appended. */
  readonly isDumb: boolean;
  /** Writes text that may hold control sequences. */
  write(text: string): void;
  /** @returns removes the listener */
  onResize(listener: () => void): () => void;
  /** Ctrl-Z and fg: in between, the shell has the terminal. @returns removes the listener */
  onSuspend(leave: () => void, back: () => void): () => void;
}

/** SIGHUP: the terminal was closed. */
const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The size of a terminal that does not report one, such as a serial line. */
const USUAL = { columns: 80, rows: 24 };

export function processIo(): Io {
  const { env: environment, stdout, stderr, stdin } = process;
  return {
    environment,
    paint: wantsColour(environment, stdout.isTTY) ? COLOURED : PLAIN,
    terminal: stdout.isTTY ? terminalOf(stdout, environment.TERM) : undefined,
    print: lines => void stdout.write(`${lines}\n`),
    complain: lines => void stderr.write(`${lines}\n`),
    readInput: async () => decodeText(await buffer(stdin)),
    openInput: () => stdin,
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
        // SIGTSTP was caught, so stop the process with the signal that cannot be caught.
        process.kill(process.pid, 'SIGSTOP');
      };
      process.on('SIGTSTP', suspend).on('SIGCONT', back);
      return () => process.off('SIGTSTP', suspend).off('SIGCONT', back);
    },
  };
}
