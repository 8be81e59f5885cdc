import { type FSWatcher, statSync, watch } from 'node:fs';
import type { Logger } from '../observe/logger.ts';

/**
 * Tells when a file, or what a directory holds, may have changed. What has, is for the listener to find out: such
 * events are hints, merged and lost under load, and what is replaced takes its watch with it until {@link follow}.
 */
export class PathWatch {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #onHint: (name: string | null) => void;
  #watcher: FSWatcher | undefined;
  /** Which file or directory is watched: another may have taken its place. */
  #watched = '';
  #complained = false;

  /** @param onHint gets the name within the directory, where the system tells it */
  constructor(path: string, logger: Logger, onHint: (name: string | null) => void) {
    this.#path = path;
    this.#logger = logger;
    this.#onHint = onHint;
  }

  /** Watches what is at the path now; nothing there is fine. @returns whether it is a directory */
  follow(): boolean {
    const stats = statSync(this.#path, { bigint: true, throwIfNoEntry: false });
    const identity = stats === undefined ? '' : `${stats.dev} ${stats.ino} ${stats.birthtimeNs}`;
    if (identity !== this.#watched) {
      this.close();
      if (stats !== undefined) this.#open(identity);
    }
    return stats?.isDirectory() === true;
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = '';
  }

  #open(identity: string): void {
    try {
      this.#watcher = watch(this.#path, { persistent: false }, (_, name) => this.#onHint(name));
      this.#watcher.on('error', () => this.close());
      this.#watched = identity;
    } catch (error) {
      // The kernel's limit of watches is shared by the whole node. A caller that also polls still finds every change.
      if (!this.#complained) this.#logger.warn({ err: error }, `${this.#path} cannot be watched: it is only polled`);
      this.#complained = true;
    }
  }
}
