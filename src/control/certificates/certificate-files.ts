import { statSync } from 'node:fs';
import type { Clock } from '../../clock.ts';
import { SettingsError } from '../../errors.ts';
import { fileProblem } from '../../formats/system-error.ts';
import { readTextFile } from '../../formats/text-file.ts';
import { type Certificate, PrivateKey } from '../../model/certificate.ts';
import { SharedText } from '../../model/shared-text.ts';
import type { Logger } from '../../observe/logger.ts';
import { type CertificateFacts, isFault, readCertificate, toServe } from './certificate-facts.ts';
import { problemOfCertificate } from './certificate-problem.ts';

/** Kubernetes swaps the files of a Secret as a whole, which a watch of the one file does not see. */
const LOOK_EVERY_MS = 300;
const LONGEST_CHAIN = 128 * 1024;
const LONGEST_KEY = 32 * 1024;
/** Everyone else's rights. */
const OTHERS = 0o007;

export interface CertificateFilesOptions {
  /** With intermediates. */
  readonly certificate: string;
  readonly key: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: (certificate: Certificate) => void;
}

type Pair = { readonly certificate: Certificate; readonly facts: CertificateFacts } | { readonly problem: string };

/**
 * A certificate and its key in two files, followed while they change. The two are written one after the other: a pair that cannot be
 * used is complained of when it is still there at the next look, and the one of before stays in force.
 */
export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  readonly #stop: () => void;
  #certificate: Certificate;
  /** Which files were read last: others may have taken their places, or their texts may have changed. */
  #read: string;
  /** What was wrong with them, and whether it was said. */
  #problem: { readonly text: string; isSaid: boolean } | undefined;

  /** @throws SettingsError when the files cannot be used */
  constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#read = this.#identity();
    const pair = this.#readPair();
    if ('problem' in pair) throw new SettingsError([`tlsCertificate: ${pair.problem}`]);
    this.#certificate = pair.certificate;
    this.#warn(pair.facts);
    this.#stop = options.clock.repeat(LOOK_EVERY_MS, () => this.#look());
  }

  get certificate(): Certificate {
    return this.#certificate;
  }

  close(): void {
    this.#stop();
  }

  #look(): void {
    const { logger, onChange, certificate: path } = this.#options;
    const identity = this.#identity();
    if (identity === this.#read) {
      this.#complain();
      return;
    }
    this.#read = identity;
    const pair = this.#readPair();
    if ('problem' in pair) {
      this.#problem = { text: pair.problem, isSaid: pair.problem === this.#problem?.text && this.#problem.isSaid };
      return;
    }
    this.#problem = undefined;
    if (pair.certificate.id === this.#certificate.id) return;
    this.#certificate = pair.certificate;
    this.#warn(pair.facts);
    const until = new Date(pair.facts.notAfter).toISOString();
    logger.info({ path, names: pair.facts.names, until }, 'the default certificate has changed');
    onChange(pair.certificate);
  }

  #complain(): void {
    if (this.#problem === undefined || this.#problem.isSaid) return;
    this.#problem.isSaid = true;
    const { text: problem } = this.#problem;
    this.#options.logger.error({ problem }, 'the default certificate stays as it is: the new one cannot be used');
  }

  #identity(): string {
    const { certificate, key } = this.#options;
    return [certificate, key]
      .map(path => statSync(path, { bigint: true, throwIfNoEntry: false }))
      .map(stats => `${stats?.dev} ${stats?.ino} ${stats?.size} ${stats?.mtimeNs} ${stats?.ctimeNs}`)
      .join(', ');
  }

  #readPair(): Pair {
    const { certificate: chainPath, key: keyPath } = this.#options;
    const chain = readPart(chainPath, LONGEST_CHAIN);
    if ('problem' in chain) return chain;
    const keyText = readPart(keyPath, LONGEST_KEY);
    if ('problem' in keyText) return keyText;
    const key = new PrivateKey(keyText.text);
    const facts = readCertificate(SharedText.of(chain.text), key, { chain: chainPath, key: keyPath });
    return isFault(facts) ? { problem: facts.fault } : { certificate: toServe(facts, key), facts };
  }

  /** What does not keep it from being served. */
  #warn(facts: CertificateFacts): void {
    const { certificate: path, key, clock, logger } = this.#options;
    const problem = problemOfCertificate(path, facts, clock.now());
    if (problem !== undefined) logger.warn({ path }, problem.message);
    const mode = statSync(key, { throwIfNoEntry: false })?.mode ?? 0;
    if ((mode & OTHERS) === 0) return;
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    logger.warn(
      { path: key, mode: octal },
      'every user of this machine may read the private key: give the file mode 0440',
    );
  }
}

function readPart(path: string, longest: number): { readonly text: string } | { readonly problem: string } {
  try {
    return { text: readTextFile(path, longest) };
  } catch (error) {
    return { problem: `${path} cannot be read: ${fileProblem(path, error)}` };
  }
}
