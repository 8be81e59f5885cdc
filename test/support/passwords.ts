/** Users of tests with hashes that crypt(3) and openssl wrote. Each has the password {@link PASSWORD}. */
import { Credentials } from '../../src/model/credentials.ts';

export const PASSWORD = 'hunter2';

/** By user, who is named like the kind of the hash. */
export const HASHES = {
  bcrypt: '$2y$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm',
  apr1: '$apr1$kubeentr$skhObUCb9NgX2bFBP233l1',
  md5: '$1$kubeentr$U4g4uEO67vklf1cGbANBb.',
  ssha: '{SSHA}/jVwS3mlzcqT5+4/5GQA78at+XdrdWJlZW50cg==',
  sha1: '{SHA}87u9ZqY9S/F0eUBXjsPQEDUw4h0=',
  sha256: '$5$kubeentry$T81uMtBry6dDLJN2zr3H0FlDu6JxLZiPdWmVXrPYDw0',
  sha512:
    '$6$rounds=1400$anotherlongsalts$BSfHT/edpI8onOAkOczVvSheRSAUDmhNWTFYNeb1mzPKsHGbhBZglmaUJUtPZncC4BNNYP4AjXmKR/ArAcOiv.',
} as const;

export function credentials(hashes: Readonly<Record<string, string>> = HASHES): Credentials {
  return new Credentials(JSON.stringify(hashes), Object.entries(hashes));
}

/** A header line. */
export function basic(user: string, password = PASSWORD): string {
  return `Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;
}
