/** The certificate of hosts that have none of their own: from files, from a Secret, or made at the start. */
import { hostname } from 'node:os';
import type { Clock } from '../../clock.ts';
import { isHostName } from '../../formats/host-name.ts';
import type { Certificate } from '../../model/certificate.ts';
import { serviceKey } from '../../model/route.ts';
import type { Logger } from '../../observe/logger.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { Settings } from '../../settings/schema.ts';
import { lastRead } from '../catalog/known-objects.ts';
import type { SecretState } from '../catalog/known-secrets.ts';
import { certificateOf, isFault, readCertificate, toServe } from './certificate-facts.ts';
import { CertificateFiles } from './certificate-files.ts';
import { problemOfCertificate, problemOfSecret } from './certificate-problem.ts';
import { LOOPBACK, selfSignedPair } from './self-signed.ts';

const DAY_MS = 86_400_000;

export interface DefaultCertificateOptions {
  readonly settings: Pick<Settings, 'tlsCertificate' | 'tlsKey' | 'defaultTlsSecret'>;
  /** Asks for a Secret, and hears of it. */
  readonly secrets: { followDefault(secret: SecretRef, onChange: (state: SecretState) => void): void };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: (certificate: Certificate) => void;
}

export class DefaultCertificate {
  readonly #options: DefaultCertificateOptions;
  readonly #files: CertificateFiles | undefined;
  #certificate: Certificate;
  /** What was said last of the Secret. */
  #problem: string | undefined;

  /** @throws SettingsError when the files cannot be used */
  constructor(options: DefaultCertificateOptions) {
    this.#options = options;
    const { settings, secrets, clock, logger } = options;
    const { tlsCertificate, tlsKey, defaultTlsSecret } = settings;
    const onChange = (certificate: Certificate): void => this.#change(certificate);
    this.#files =
      tlsCertificate === ''
        ? undefined
        : new CertificateFiles({ certificate: tlsCertificate, key: tlsKey, clock, logger, onChange });
    this.#certificate = this.#files?.certificate ?? selfSigned(clock.now());
    if (this.#files !== undefined) return;
    if (defaultTlsSecret === undefined) {
      logger.warn('the default certificate is self-signed, which clients do not trust: give one by --tls-certificate');
      return;
    }
    logger.info(
      { secret: serviceKey(defaultTlsSecret) },
      'the default certificate is self-signed until the Secret is read',
    );
    secrets.followDefault(defaultTlsSecret, state => this.#take(defaultTlsSecret, state));
  }

  get certificate(): Certificate {
    return this.#certificate;
  }

  close(): void {
    this.#files?.close();
  }

  #change(certificate: Certificate): void {
    if (certificate.id === this.#certificate.id) return;
    this.#certificate = certificate;
    this.#options.onChange(certificate);
  }

  /** The certificate of before stays in force where what is known of the Secret cannot be used. */
  #take(ref: SecretRef, state: SecretState): void {
    const { clock, logger } = this.#options;
    const name = serviceKey(ref);
    const secret = lastRead(state);
    const read = secret && certificateOf(secret);
    const problem =
      state.state === 'absent'
        ? `there is no Secret ${name}`
        : (problemOfSecret(name, state) ?? (read && problemOfCertificate(name, read, clock.now())))?.message;
    if (problem !== undefined && problem !== this.#problem) {
      logger.error({ secret: name, problem }, 'the Secret of the default certificate has a problem');
    }
    this.#problem = problem;
    if (read === undefined || isFault(read) || secret?.certificate === undefined) return;
    if (read.id === this.#certificate.id) return;
    logger.info(
      { secret: name, names: read.names, until: new Date(read.notAfter).toISOString() },
      'the default certificate has changed',
    );
    this.#change(toServe(read, secret.certificate.key));
  }
}

/** Nothing that a client trusts, but a client that does not ask is served. */
function selfSigned(now: number): Certificate {
  const own = hostname().toLowerCase();
  const { chain, key } = selfSignedPair({
    commonName: 'kube-entry default certificate',
    dnsNames: ['localhost', ...(isHostName(own) ? [own] : [])],
    addresses: LOOPBACK,
    notBefore: now - DAY_MS,
    // It ends with the process, which may run for long.
    notAfter: now + 3650 * DAY_MS,
  });
  const facts = readCertificate(chain, key);
  if (isFault(facts)) throw new Error(`the certificate that was made cannot be used: ${facts.fault}`);
  return toServe(facts, key);
}
