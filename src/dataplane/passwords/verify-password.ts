/** Whether a password is the one of a hash: the kinds of hashes that htpasswd and crypt(3) write. */
import { createHash, timingSafeEqual } from 'node:crypto';
import md5 from 'apache-md5';
import { compareSync } from 'bcryptjs';
import { isShaCryptOf } from './sha-crypt.ts';

/** It may take a second. @param hash one whose form has been checked */
export function isPasswordOf(password: string, hash: string): boolean {
  if (hash.startsWith('$2')) return compareSync(password, hash);
  if (hash.startsWith('$5$') || hash.startsWith('$6$')) return isShaCryptOf(password, hash);
  // The library takes the characters of a string as bytes.
  if (hash.startsWith('$apr1$')) return isSame(md5(Buffer.from(password).toString('latin1'), hash), hash);
  return isSame(`{SHA}${createHash('sha1').update(password).digest('base64')}`, hash);
}

function isSame(made: string, hash: string): boolean {
  return made.length === hash.length && timingSafeEqual(Buffer.from(made), Buffer.from(hash));
}
