/** Replaces the certificate again and again, as a renewal does: two files, one after the other. */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SelfSigned, selfSigned } from '../../../test/support/self-signed.ts';

const INTERVAL_MS = 1_000;
const PAIRS = 4;

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export class CertificateChurn {
  /** Replacements so far. */
  swaps = 0;
  readonly files: CertificateFiles;
  readonly #pairs = Array.from({ length: PAIRS }, () => selfSigned({ names: ['soak.test'] }));

  /** Writes the first pair. @param folder its own and empty */
  constructor(folder: string) {
    this.files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key') };
    this.#write(0);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
      this.swaps += 1;
      this.#write(this.swaps);
    }
  }

  #write(turn: number): void {
    const pair = this.#pairs[turn % PAIRS] as SelfSigned;
    replace(this.files.certificate, pair.cert);
    replace(this.files.key, pair.key);
  }
}

/** At once, for whoever reads it. */
function replace(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}
