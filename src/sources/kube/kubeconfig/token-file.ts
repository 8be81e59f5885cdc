import { readFile } from 'node:fs/promises';

/** A bearer token in a file that others replace: the kubelet does so every hour. */
export class TokenFile {
  readonly #file: string;
  #last: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * The present token; while the file is missing or empty, the last one read.
   * @returns undefined for a file that is empty and was never anything else
   * @throws the error of reading it
   */
  async read(): Promise<string | undefined> {
    try {
      const token = (await readFile(this.#file, 'utf8')).trim();
      if (token !== '') this.#last = token;
    } catch (error) {
      if (this.#last === undefined) throw error;
    }
    return this.#last;
  }

  /** The API server has refused the last token: it is no longer kept. */
  forget(): void {
    this.#last = undefined;
  }
}
