import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { FormatError, SettingsError } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';
import { readTextFile } from '../formats/text-file.ts';
import type { Logger } from '../observe/logger.ts';

const RANDOM_KEY_BYTES = 32;
const MIN_KEY_LENGTH = 16;
const MAX_FILE_BYTES = 4096;
const MAX_KEYS = 2;
/** Kubernetes swaps the files of a Secret as a whole, which a watch of the one file does not see. */
const LOOK_EVERY_MS = 1_000;
/** Everyone else's rights. */
const OTHERS = 0o007;

/** The keys of sticky cookies where no file names any: they end with the process. */
export function randomKeys(): Uint8Array[] {
  return [randomBytes(RANDOM_KEY_BYTES)];
}

export interface AffinityKeyFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** @param keys the first makes cookies, and cookies of all are taken */
  readonly onChange: (keys: readonly Uint8Array[]) => void;
}

/**
 * The file with the keys of sticky cookies, one a line, followed while it changes. No message holds any of its text. Where a new key takes
 * the place of one that stood alone, cookies of the old key are taken until the file changes again.
 */
export class AffinityKeyFile {
  readonly #options: AffinityKeyFileOptions;
  readonly #stop: () => void;
  #lines: readonly string[];
  #keys: readonly string[];
  #problem = '';

  /** @throws SettingsError when the file cannot be used */
  constructor(options: AffinityKeyFileOptions) {
    const { path, clock } = options;
    this.#options = options;
    try {
      this.#lines = readKeys(path);
    } catch (error) {
      throw new SettingsError([`affinityKeyFile: ${path} cannot be used: ${fileProblem(path, error)}`]);
    }
    this.#keys = this.#lines;
    this.#warnOfMode();
    this.#stop = clock.repeat(LOOK_EVERY_MS, () => this.#look());
  }

  get keys(): Uint8Array[] {
    return this.#keys.map(key => Buffer.from(key));
  }

  close(): void {
    this.#stop();
  }

  #look(): void {
    const { path, logger, onChange } = this.#options;
    try {
      const lines = readKeys(path);
      this.#problem = '';
      if (lines.join('\n') === this.#lines.join('\n')) return;
      const isReplaced = lines.length === 1 && !this.#lines.includes(lines[0] as string);
      this.#keys = isReplaced ? [...lines, ...this.#lines.slice(0, 1)] : lines;
      this.#lines = lines;
    } catch (error) {
      const problem = fileProblem(path, error);
      if (problem === this.#problem) return;
      this.#problem = problem;
      logger.error({ path, problem }, 'the keys of sticky cookies stay as they are: the new ones cannot be used');
      return;
    }
    this.#warnOfMode();
    logger.info({ path, keys: this.#keys.length }, 'the keys of sticky cookies have changed');
    onChange(this.keys);
  }

  #warnOfMode(): void {
    const { path, logger } = this.#options;
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & OTHERS) === 0) return;
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    logger.warn(
      { path, mode: octal },
      'every user of this machine may read the keys of sticky cookies: give the file mode 0440',
    );
  }
}

/** @throws FormatError, or the error of the file system */
function readKeys(path: string): readonly string[] {
  const lines = readTextFile(path, MAX_FILE_BYTES)
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '');
  if (lines.length === 0) throw new FormatError('it is empty: write a key, as from "openssl rand -base64 32"');
  if (lines.length > MAX_KEYS) {
    throw new FormatError(
      `it has ${lines.length} lines: write one key, or two while a key is turned, of which the first makes cookies`,
    );
  }
  for (const [index, line] of lines.entries()) {
    if (!/^[\x21-\x7e]+$/.test(line))
      throw new FormatError(`line ${index + 1} is no text without blanks: write a key as base64`);
    if (line.length < MIN_KEY_LENGTH) {
      throw new FormatError(
        `the key in line ${index + 1} has ${line.length} characters: write at least ${MIN_KEY_LENGTH}`,
      );
    }
  }
  return lines;
}
