/** A certificate that signs itself (RFC 5280 in the smallest), written in DER (ITU-T X.690). */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { PrivateKey } from '../../model/certificate.ts';
import { SharedText } from '../../model/shared-text.ts';

export interface SelfSignedFields {
  /** For people: what it is. */
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  /** In network byte order. */
  readonly addresses: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface SelfSignedPair {
  /** PEM; it serves as its own authority. */
  readonly chain: SharedText;
  readonly key: PrivateKey;
}

const TAG = {
  ...{ integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c },
  ...{ utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30, set: 0x31 },
};
/** Tags of their context. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;
const ADDRESS = 0x87;

const ECDSA_WITH_SHA256 = sequence(tagged(TAG.oid, Buffer.from('2a8648ce3d040302', 'hex')));
const COMMON_NAME = tagged(TAG.oid, Buffer.from('550403', 'hex'));
const ALTERNATIVE_NAME = tagged(TAG.oid, Buffer.from('551d11', 'hex'));

export const LOOPBACK: readonly Uint8Array[] = [Buffer.from([127, 0, 0, 1]), Buffer.from([...Array(15).fill(0), 1])];

export function selfSignedPair({
  commonName,
  dnsNames,
  addresses,
  notBefore,
  notAfter,
}: SelfSignedFields): SelfSignedPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const name = sequence(tagged(TAG.set, sequence(COMMON_NAME, tagged(TAG.utf8, Buffer.from(commonName)))));
  const names = [
    ...addresses.map(address => tagged(ADDRESS, address)),
    ...dnsNames.map(dnsName => tagged(DNS_NAME, Buffer.from(dnsName))),
  ];
  // The first bit is cleared: an INTEGER with it set would be negative.
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(8)]);
  const body = sequence(
    tagged(VERSION, tagged(TAG.integer, Buffer.of(2))),
    tagged(TAG.integer, serial),
    ECDSA_WITH_SHA256,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(EXTENSIONS, sequence(sequence(ALTERNATIVE_NAME, tagged(TAG.octets, sequence(...names))))),
  );
  const signature = tagged(TAG.bits, Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]));
  const lines =
    sequence(body, ECDSA_WITH_SHA256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    chain: SharedText.of(['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')),
    key: new PrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
  };
}

/** Tag, length, value. */
function tagged(tag: number, value: Uint8Array): Buffer {
  const { length } = value;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), value]);
}

function sequence(...values: readonly Uint8Array[]): Buffer {
  return tagged(TAG.sequence, Buffer.concat(values));
}

/** UTCTime until 2049, GeneralizedTime from then on: RFC 5280 section 4.1.2.5. */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  const isOld = digits < '2050';
  return tagged(isOld ? TAG.utcTime : TAG.generalizedTime, Buffer.from(`${digits.slice(isOld ? 2 : 0)}Z`));
}
