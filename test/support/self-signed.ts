/** Certificates that sign themselves or each other, made when a test needs them: RFC 5280 in the smallest. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { ECDSA_WITH_SHA256, nameOf, pemOf, sequence, tagged, utcTime } from './der.ts';

export interface SelfSigned {
  readonly key: string;
  /** Serves as its own CA. */
  readonly cert: string;
  readonly commonName: string;
}

export interface SelfSignedFields {
  /** DNS names, beside the address 127.0.0.1. */
  readonly names?: readonly string[];
  readonly uris?: readonly string[];
  /** Milliseconds since 1970; by default from a day ago to a day from now. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly commonName?: string;
  readonly isCa?: boolean;
  /** Signs it, with an ECDSA key; by default it signs itself. */
  readonly issuer?: SelfSigned;
  readonly keyType?: 'ecdsa' | 'rsa';
}

/** For 127.0.0.1 and localhost, as long as the fields say nothing else. */
export function selfSigned({
  names = ['localhost'],
  uris = [],
  notBefore = Date.now() - 86_400_000,
  notAfter = Date.now() + 86_400_000,
  commonName = 'kube-api fixture',
  isCa = false,
  issuer,
  keyType = 'ecdsa',
}: SelfSignedFields = {}): SelfSigned {
  const { privateKey, publicKey } = newKeys(keyType);
  const signingKey = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const algorithm = signingKey.asymmetricKeyType === 'rsa' ? RSA_WITH_SHA256 : ECDSA_WITH_SHA256;
  const validity = sequence(utcTime(notBefore), utcTime(notAfter));
  const dnsNames = names.map(dnsName => tagged(0x82, Buffer.from(dnsName)));
  const uriNames = uris.map(uri => tagged(0x86, Buffer.from(uri)));
  const allNames = sequence(tagged(0x87, Buffer.from([127, 0, 0, 1])), ...dnsNames, ...uriNames);
  const alternativeName = sequence(tagged(0x06, Buffer.from('551d11', 'hex')), tagged(0x04, allNames));
  // The first bit is cleared: an INTEGER with it set would be negative.
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(8)]);
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, serial),
    algorithm,
    nameOf(issuer?.commonName ?? commonName),
    validity,
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(alternativeName, ...(isCa ? [MAY_SIGN] : []))),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, signingKey)]));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pemOf('CERTIFICATE', sequence(body, algorithm, signature)),
    commonName,
  };
}

function newKeys(keyType: 'ecdsa' | 'rsa'): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  return keyType === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
}

const RSA_WITH_SHA256 = sequence(tagged(0x06, Buffer.from('2a864886f70d01010b', 'hex')), tagged(0x05, Buffer.alloc(0)));
/** basicConstraints, critical: RFC 5280 section 4.2.1.9. */
const MAY_SIGN = sequence(
  tagged(0x06, Buffer.from('551d13', 'hex')),
  tagged(0x01, Buffer.of(0xff)),
  tagged(0x04, sequence(tagged(0x01, Buffer.of(0xff)))),
);
