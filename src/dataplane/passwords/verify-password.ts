/** Whether a password is the one of a hash: the kinds of hashes that htpasswd and crypt(3) write. */
import { createHash, timingSafeEqual } from 'node:crypto';
import md5 from 'apache-md5';
import { compareSync } from 'bcryptjs';
import { isShaCryptOf } from './sha-crypt.ts';

const SHA1_BYTES = 20;

/** It may take a second. @param hash one whose form has been checked */
export function isPasswordOf(password: string, hash: string): boolean {
  if (hash.startsWith('$2')) return compareSync(password, hash);
  if (hash.startsWith('$5$') || hash.startsWith('$6$')) return isShaCryptOf(password, hash);
  // The library takes the characters of a string as bytes.
  if (hash.startsWith('$apr1$') || hash.startsWith('$1$'))
    return isSame(md5(Buffer.from(password).toString('latin1'), hash), hash);
  if (hash.startsWith('{SSHA}')) return isSaltedShaOf(password, Buffer.from(hash.slice('{SSHA}'.length), 'base64'));
  return isSame(`{SHA}${createHash('sha1').update(password).digest('base64')}`, hash);
}

function isSame(made: string, hash: string): boolean {
  return made.length === hash.length && timingSafeEqual(Buffer.from(made), Buffer.from(hash));
}

/** @param made the SHA-1 of the password and the salt, then the salt */
function isSaltedShaOf(password: string, made: Buffer): boolean {
  const [sum, salt] = [made.subarray(0, SHA1_BYTES), made.subarray(SHA1_BYTES)];
  return timingSafeEqual(createHash('sha1').update(password).update(salt).digest(), sum);
}
