import { hash } from 'node:crypto';
import { type BigIntStats, statSync } from 'node:fs';
import { codeOf } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';
import { readTextFile } from '../formats/text-file.ts';
import {
  isEmpty,
  type ManifestContents,
  type ManifestObjects,
  type ManifestProblem,
  NO_OBJECTS,
} from './manifest-contents.ts';
import { MAX_MANIFEST_BYTES, readManifestText } from './manifest-file.ts';

/**
 * A file is often gone or empty for a moment while it is saved, and its routes must not go with it: that is believed
 * only after this time, in milliseconds.
 */
export const GRACE_MS = 200;

/**
 * File systems stamp files with a clock that ticks every few milliseconds: a file read within a tick of its last write
 * may be written again without its stamp telling.
 */
const COARSE_CLOCK_MS = 50;

/** `doubtful`: gone or empty, which may pass; look again after {@link GRACE_MS}. */
export type Look = 'same' | 'changed' | 'doubtful' | 'gone';

/** One manifest file as it changes: its last good version, and what is wrong with the present one. */
export class FollowedManifest {
  readonly #file: string;
  readonly #defaultNamespace: string;
  #signature = '';
  /** A hash of the text that the last look found; undefined before the first and while the file cannot be opened. */
  #digest: string | undefined;
  /** Of the last good version. */
  #objects: ManifestObjects = NO_OBJECTS;
  #problems: readonly ManifestProblem[] = [];
  /** When it was first seen gone or empty. */
  #doubtedAt: number | undefined;

  constructor(file: string, defaultNamespace: string) {
    this.#file = file;
    this.#defaultNamespace = defaultNamespace;
  }

  /** The objects of the last good version and the problems of the present one. */
  get contents(): ManifestContents {
    // Warnings are for `kube-entry check`: here they would be logged again with each change of the file.
    return { ...this.#objects, problems: this.#problems, warnings: [] };
  }

  /** The present version cannot be used, and an earlier one stands in for it. */
  get servesEarlierVersion(): boolean {
    return this.#problems.length > 0 && !isEmpty(this.#objects);
  }

  /** Reads the file again if it has changed. @param now milliseconds of a monotonic clock */
  look(now: number): Look {
    try {
      const stats = statSync(this.#file, { bigint: true, throwIfNoEntry: false });
      if (stats?.isFile() !== true) return this.#isDoubtful(now) ? 'doubtful' : 'gone';
      if (stats.size === 0n && this.#isDoubtful(now)) return 'doubtful';
      this.#doubtedAt = undefined;
      const signature = signatureOf(stats);
      if (signature === this.#signature) return 'same';
      const text = readTextFile(this.#file, MAX_MANIFEST_BYTES);
      this.#signature = Date.now() - Number(stats.mtimeMs) < COARSE_CLOCK_MS ? '' : signature;
      return this.#take(text);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return this.#isDoubtful(now) ? 'doubtful' : 'gone';
      return this.#refuse(error);
    }
  }

  #take(text: string): Look {
    const digest = hash('sha256', text);
    if (digest === this.#digest) return 'same';
    this.#digest = digest;
    const { problems, warnings: _, ...objects } = readManifestText(text, this.#file, this.#defaultNamespace);
    this.#problems = problems;
    if (problems.length === 0) this.#objects = objects;
    return 'changed';
  }

  #refuse(error: unknown): Look {
    const reason = `cannot be read: ${fileProblem(this.#file, error)}`;
    const isKnown = this.#digest === undefined && this.#problems[0]?.reason === reason;
    this.#signature = '';
    this.#digest = undefined;
    this.#problems = [{ file: this.#file, line: 1, reason }];
    return isKnown ? 'same' : 'changed';
  }

  /** Only what would take routes away is doubted, and only for a while. */
  #isDoubtful(now: number): boolean {
    if (isEmpty(this.#objects)) return false;
    this.#doubtedAt ??= now;
    return now - this.#doubtedAt < GRACE_MS;
  }
}

/** Tells one state of a file from another without reading it; a symbolic link counts as what it points to. */
function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}
