import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Certificate, CertificateId, PrivateKey } from '../../model/certificate.ts';
import { SharedText } from '../../model/shared-text.ts';
import type { Secret } from '../../resources/secret.ts';
import { printable } from '../../text/printable.ts';
import type { SecretCertificate } from '../../translate/secret-certificate.ts';

/** What a certificate says of itself. Nothing of it is secret. */
export interface CertificateFacts {
  readonly id: CertificateId;
  /** PEM: the certificate, then its intermediates, and nothing that stood beside them. */
  readonly chain: SharedText;
  /** The DNS names and addresses that it is valid for, in lower case. */
  readonly names: readonly string[];
  /** Who signed it, for people. */
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Why a certificate cannot be served. The message holds nothing of the certificate or its key. */
export interface CertificateFault {
  readonly fault: string;
}

const BLOCK = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]+-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
const MOST_IN_CHAIN = 10;
const MOST_INTERMEDIATES = 64;
/** By their text. */
const intermediates = new Map<string, X509Certificate>();
const LEAST_RSA_BITS = 2048;
/** What OpenSSL takes in any case: for the rest it is asked, which costs as much as all other checks together. */
const USUAL_KEYS: ReadonlySet<string> = new Set(['rsa', 'prime256v1', 'secp384r1', 'ed25519']);
const USUAL_SIGNATURE = /^(?:ecdsa-with-SHA(?:256|384|512)|sha(?:256|384|512)WithRSAEncryption|ED25519)$/;
/** A name may be as long as its issuer likes. */
const LONGEST_NAME = 200;

/** To read a certificate and to try its key takes a fifth of a millisecond: each version of a Secret is read once. */
const known = new WeakMap<object, CertificateFacts | CertificateFault>();

export function certificateOf(secret: Secret): CertificateFacts | CertificateFault {
  const before = known.get(secret);
  if (before !== undefined) return before;
  const { certificate } = secret;
  const read =
    certificate === undefined
      ? { fault: 'it has no tls.crt and tls.key' }
      : readCertificate(certificate.chain, certificate.key);
  known.set(secret, read);
  return read;
}

/** The certificate of a Secret with its key, judged. */
export function certificateIn(secret: Secret): SecretCertificate | CertificateFault {
  if (secret.certificate === undefined) return { certificate: undefined };
  const read = certificateOf(secret);
  return isFault(read) ? { fault: read.fault } : { certificate: toServe(read, secret.certificate.key) };
}

/** Where chain and key stand, for people. */
export interface PairNames {
  readonly chain: string;
  readonly key: string;
}

const IN_SECRET: PairNames = { chain: 'tls.crt', key: 'tls.key' };

/** The certificate that is served. */
export function toServe({ id, chain }: CertificateFacts, key: PrivateKey): Certificate {
  return { id, chain, key };
}

/** Reads a certificate with its intermediates, and tries the key. */
export function readCertificate(
  chain: SharedText,
  key: PrivateKey,
  names = IN_SECRET,
): CertificateFacts | CertificateFault {
  const text = chain.toString();
  const blocks = text.match(BLOCK) ?? [];
  const [leaf] = blocks;
  if (leaf === undefined) return { fault: `${names.chain} holds no certificate` };
  if (blocks.length > MOST_IN_CHAIN) return { fault: `${names.chain} holds more than ${MOST_IN_CHAIN} certificates` };
  const certificates: X509Certificate[] = [];
  for (const [index, block] of blocks.entries()) {
    try {
      certificates.push(index === 0 ? new X509Certificate(block) : intermediateOf(block));
    } catch {
      return { fault: `certificate ${index + 1} of ${names.chain} cannot be read` };
    }
  }
  const [certificate] = certificates as [X509Certificate];
  const privateKey = keyObjectOf(key);
  if (privateKey === undefined) {
    return {
      fault: `${names.key} ${/ENCRYPTED/.test(key.reveal()) ? 'is encrypted' : 'holds no key that can be read'}`,
    };
  }
  const fault = faultOfKey(certificates, privateKey, names) ?? faultOfChain(certificates, names);
  if (fault !== undefined) return { fault };
  const joined = blocks.join('\n');
  if (!isUsual(certificates, privateKey) && !isTaken(joined, key))
    return { fault: 'OpenSSL refuses it: its key or a signature is too weak, or of a kind that TLS does not use' };
  return {
    id: createHash('sha256').update(joined).digest('hex').slice(0, 32),
    chain: joined === text.trim() ? chain : SharedText.of(`${joined}\n`),
    names: namesOf(certificate),
    issuer: issuerOf(certificate),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}

export function isFault(read: CertificateFacts | CertificateFault): read is CertificateFault {
  return 'fault' in read;
}

/** @param host `a.example` or `*.example`, in lower case */
export function coversHost({ names }: Pick<CertificateFacts, 'names'>, host: string): boolean {
  if (names.includes(host)) return true;
  // A `*` stands for exactly one label (RFC 9525 section 6.3).
  const dot = host.indexOf('.');
  return !host.startsWith('*') && dot > 0 && names.includes(`*${host.slice(dot)}`);
}

/** Without OpenSSL's words about a key that it cannot read: they say nothing that helps. */
function keyObjectOf(key: PrivateKey): KeyObject | undefined {
  try {
    return createPrivateKey(key.reveal());
  } catch {
    return undefined;
  }
}

/** Thousands of certificates are signed by one intermediate. @throws for what is no certificate */
function intermediateOf(block: string): X509Certificate {
  const before = intermediates.get(block);
  if (before !== undefined) return before;
  const read = new X509Certificate(block);
  if (intermediates.size >= MOST_INTERMEDIATES) intermediates.clear();
  intermediates.set(block, read);
  return read;
}

function faultOfKey(
  certificates: readonly X509Certificate[],
  privateKey: KeyObject,
  names: PairNames,
): string | undefined {
  const owner = certificates.findIndex(certificate => certificate.checkPrivateKey(privateKey));
  if (owner < 0) return `${names.chain} and ${names.key} do not belong together`;
  if (owner > 0)
    return `${names.chain} must begin with the certificate of ${names.key}, which is certificate ${owner + 1} in it`;
  const { modulusLength = LEAST_RSA_BITS } = privateKey.asymmetricKeyDetails ?? {};
  return modulusLength < LEAST_RSA_BITS ? `its RSA key has fewer than ${LEAST_RSA_BITS} bits` : undefined;
}

/** RFC 8446 section 4.4.2: each certificate certifies the one before it. Clients that must not search refuse the connection. */
function faultOfChain(certificates: readonly X509Certificate[], { chain }: PairNames): string | undefined {
  const stray = certificates.findIndex(
    (one, index) => index > 0 && certificates[index - 1]?.checkIssued(one) === false,
  );
  return stray < 0
    ? undefined
    : `certificate ${stray + 1} of ${chain} did not sign certificate ${stray}: put them in order`;
}

function isUsual(
  certificates: readonly X509Certificate[],
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
): boolean {
  const kind = asymmetricKeyType === 'ec' ? asymmetricKeyDetails?.namedCurve : asymmetricKeyType;
  return USUAL_KEYS.has(kind ?? '') && certificates.every(one => USUAL_SIGNATURE.test(one.signatureAlgorithm ?? ''));
}

/** Whether OpenSSL takes the pair for a server, as the workers will ask it to. */
function isTaken(cert: string, key: PrivateKey): boolean {
  try {
    createSecureContext({ cert, key: key.reveal() });
    return true;
  } catch {
    return false;
  }
}

/** Since RFC 9525 the common name counts for nothing. */
function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  // Node puts quotes around a name with a comma: no host is called so.
  return subjectAltName
    .split(', ')
    .map(name => /^(?:DNS|IP Address):(.+)$/.exec(name)?.[1])
    .filter(name => name !== undefined && name.length <= LONGEST_NAME)
    .map(name => printable(String(name)).toLowerCase());
}

function issuerOf({ issuer, subject }: X509Certificate): string {
  if (issuer === subject) return 'itself';
  const fields = issuer.split('\n');
  const texts = ['O=', 'CN='].flatMap(field =>
    fields.filter(line => line.startsWith(field)).map(line => line.slice(field.length)),
  );
  return printable((texts.join(', ') || issuer).slice(0, LONGEST_NAME));
}
