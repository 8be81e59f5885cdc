/** A certificate that signs itself, made when a test needs one: RFC 5280 in the smallest. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

export interface SelfSigned {
  readonly key: string;
  /** Serves as its own CA. */
  readonly cert: string;
}

export interface SelfSignedFields {
  /** DNS names, beside the address 127.0.0.1. */
  readonly names?: readonly string[];
  /** Milliseconds since 1970; by default from a day ago to a day from now. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** For 127.0.0.1 and localhost, as long as the fields say nothing else. */
export function selfSigned({
  names = ['localhost'],
  notBefore = Date.now() - 86_400_000,
  notAfter = Date.now() + 86_400_000,
}: SelfSignedFields = {}): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const ecdsaWithSha256 = sequence(tagged(0x06, Buffer.from('2a8648ce3d040302', 'hex')));
  const commonName = sequence(
    tagged(0x06, Buffer.from('550403', 'hex')),
    tagged(0x0c, Buffer.from('kube-api fixture')),
  );
  const name = sequence(tagged(0x31, commonName));
  const validity = sequence(utcTime(notBefore), utcTime(notAfter));
  const dnsNames = names.map(dnsName => tagged(0x82, Buffer.from(dnsName)));
  const allNames = sequence(tagged(0x87, Buffer.from([127, 0, 0, 1])), ...dnsNames);
  const alternativeName = sequence(tagged(0x06, Buffer.from('551d11', 'hex')), tagged(0x04, allNames));
  // The first bit is cleared: an INTEGER with it set would be negative.
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(8)]);
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, serial),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(alternativeName)),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', body, privateKey)]));
  const lines =
    sequence(body, ecdsaWithSha256, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  };
}

/** ITU-T X.690: tag, length, value. */
function tagged(tag: number, value: Buffer): Buffer {
  const { length } = value;
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), value]);
}

function sequence(...values: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(values));
}

function utcTime(at: number): Buffer {
  return tagged(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}
