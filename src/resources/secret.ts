import { PrivateKey } from '../model/certificate.ts';
import type { Credentials } from '../model/credentials.ts';
import { SharedText } from '../model/shared-text.ts';
import { type CredentialsFault, HTPASSWD_KEY, readHtpasswd, readUserMap } from './credentials.ts';
import {
  DNS_LABEL_RULE,
  DNS_SUBDOMAIN_RULE,
  fieldName,
  isDnsLabel,
  isDnsSubdomain,
  isNothing,
  isObject,
  problem,
  type ShapeProblem,
} from './service-object.ts';

/**
 * What this program keeps of a Secret: a certificate with its key, certificate authorities, and users with the hashes of their
 * passwords. Nothing here but {@link PrivateKey} and {@link Credentials} is secret, and nothing else of the object is kept.
 */
export interface Secret {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    /** Empty for what no API server has stored. */
    readonly resourceVersion: string;
  };
  /** `tls.crt` and `tls.key`; undefined where it has neither. */
  readonly certificate: { readonly chain: SharedText; readonly key: PrivateKey } | undefined;
  /** `ca.crt`, as PEM; empty where it has none. */
  readonly ca: string;
  /** `ca.crl`, lists of revoked certificates as PEM; empty where it has none. */
  readonly revoked: string;
  /** Its users, or why it has none that can be used. */
  readonly credentials: Credentials | CredentialsFault;
}

export const TLS_SECRET = 'kubernetes.io/tls';

/** Ten intermediates of the longest kind. Every worker keeps the chain. */
const LONGEST_CHAIN = 128 * 1024;
/** RSA of 16 384 bits is 13 KB. */
const LONGEST_KEY = 32 * 1024;
/** The authorities that browsers trust are 220 KB. */
const LONGEST_AUTHORITIES = 512 * 1024;
/** Ten thousand users. */
const LONGEST_HTPASSWD = 768 * 1024;
const LONGEST_HASH = 1024;

/** Of all Secrets with certificates. */
const NO_CREDENTIALS: CredentialsFault = { fault: `its type is ${TLS_SECRET}` };

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PEM_BLOCK = '-----BEGIN ';

/** Of a manifest. What the API server gives has been checked by it. @returns the metadata, or the first problem */
export function readSecretMetadata(value: unknown, defaultNamespace: string): Secret['metadata'] | ShapeProblem {
  if (!isObject(value)) return problem(['metadata'], 'is missing');
  const { name, namespace = defaultNamespace } = value;
  if (isNothing(name)) return problem(['metadata', 'name'], 'is missing');
  if (!isDnsSubdomain(name)) return problem(['metadata', 'name'], DNS_SUBDOMAIN_RULE);
  if (!isDnsLabel(namespace)) return problem(['metadata', 'namespace'], DNS_LABEL_RULE);
  return { name, namespace, resourceVersion: '' };
}

/**
 * Reads what is wanted of a Secret. Whether certificate and key can be used, and belong together, is judged later.
 * @param metadata what its metadata says, checked
 * @returns the Secret, or the first problem: it names places and sizes, and nothing that stands in the Secret
 */
export function readSecret(value: unknown, metadata: Secret['metadata']): Secret | ShapeProblem {
  if (!isObject(value)) return problem([], 'must be a Secret object');
  const { type, data, stringData } = value;
  if (!isNothing(data) && !isObject(data)) return problem(['data'], 'must be a mapping');
  if (!isNothing(stringData) && !isObject(stringData)) return problem(['stringData'], 'must be a mapping');
  const texts = { data: data ?? {}, stringData: stringData ?? {} };
  const chain = readPem(texts, 'tls.crt', LONGEST_CHAIN);
  const key = readPem(texts, 'tls.key', LONGEST_KEY);
  const ca = readPem(texts, 'ca.crt', LONGEST_AUTHORITIES);
  const revoked = readPem(texts, 'ca.crl', LONGEST_AUTHORITIES);
  for (const part of [chain, key, ca, revoked]) if (typeof part === 'object') return part;
  const hasCertificate = chain !== '' && key !== '';
  if (type === TLS_SECRET && chain === '') return problem(['data', 'tls.crt'], 'is missing or empty');
  if (type === TLS_SECRET && key === '') return problem(['data', 'tls.key'], 'is missing or empty');
  return {
    metadata,
    certificate: hasCertificate ? { chain: SharedText.of(String(chain)), key: new PrivateKey(String(key)) } : undefined,
    ca: String(ca),
    revoked: String(revoked),
    credentials: type === TLS_SECRET ? NO_CREDENTIALS : readCredentials(texts),
  };
}

function readCredentials(texts: Texts): Secret['credentials'] {
  const names = new Set([...Object.keys(texts.data), ...Object.keys(texts.stringData)]);
  if (names.has(HTPASSWD_KEY)) {
    const lines = readText(texts, HTPASSWD_KEY, LONGEST_HTPASSWD);
    return typeof lines === 'object' ? faultOf(lines) : readHtpasswd(lines);
  }
  const hashes: [string, string][] = [];
  for (const name of names) {
    const hash = readText(texts, name, LONGEST_HASH);
    if (typeof hash === 'object') return faultOf(hash);
    hashes.push([name, hash]);
  }
  return readUserMap(hashes);
}

function faultOf({ path, reason }: ShapeProblem): CredentialsFault {
  return { fault: `its ${fieldName(path)} ${reason}` };
}

interface Texts {
  readonly data: Readonly<Record<string, unknown>>;
  /** Only in manifests: the API server moves it to `data`, where it replaces what stands there. */
  readonly stringData: Readonly<Record<string, unknown>>;
}

/** @returns empty where it is absent */
function readPem(texts: Texts, name: string, longest: number): string | ShapeProblem {
  const text = readText(texts, name, longest);
  if (typeof text === 'object' || text === '' || text.includes(PEM_BLOCK)) return text;
  const part = isNothing(texts.stringData[name]) ? 'data' : 'stringData';
  return problem([part, name], `is not PEM: it has no line that begins with ${PEM_BLOCK}`);
}

/** @returns empty where it is absent */
function readText({ data, stringData }: Texts, name: string, longest: number): string | ShapeProblem {
  const plain = stringData[name];
  if (!isNothing(plain)) {
    if (typeof plain !== 'string') return problem(['stringData', name], 'must be a string');
    return bounded(plain, ['stringData', name], longest);
  }
  const encoded = data[name];
  if (isNothing(encoded) || encoded === '') return '';
  const path = ['data', name];
  if (typeof encoded !== 'string') return problem(path, 'must be a string in base64');
  // Before it is decoded: four characters hold three bytes.
  if (encoded.length > (longest / 3) * 4 + 4) return tooLong(path, longest);
  // Manifests fold long lines.
  const compact = encoded.replace(/[\r\n ]/g, '');
  if (!BASE64.test(compact)) return problem(path, 'is not base64');
  return bounded(Buffer.from(compact, 'base64').toString('utf8'), path, longest);
}

function bounded(text: string, path: ShapeProblem['path'], longest: number): string | ShapeProblem {
  return Buffer.byteLength(text) > longest ? tooLong(path, longest) : text;
}

function tooLong(path: ShapeProblem['path'], longest: number): ShapeProblem {
  return problem(path, `is longer than ${longest / 1024} KiB`);
}
