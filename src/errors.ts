/**
 * The errors this program raises on purpose. Callers branch on the class or on `code`, never on the text;
 * the message says what is wrong, where, and what to do about it.
 */
export abstract class KubeEntryError extends Error {
  /** Stable, upper snake case; safe to alert or script on. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The command line, the environment or the config file cannot be used: every problem at once. Exit code 2. */
export class SettingsError extends KubeEntryError {
  readonly code = 'BAD_SETTINGS';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** A value people write (duration, size, address, host, path) that cannot be read. */
export class FormatError extends KubeEntryError {
  readonly code = 'BAD_VALUE';
}

/** Something this program needs to run is taken or missing: a port, a socket file, a directory. Exit code 1. */
export class UnavailableError extends KubeEntryError {
  readonly code = 'UNAVAILABLE';
}

/** What is thrown may be anything; what is printed is its message. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where a bug is; of something that is no error, what it says. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Node's and the operating system's error code (`ECONNREFUSED`), or one of ours; undefined for an error without a code. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
