/** Users and passwords. */
import type { BasicAuthPolicy, UnavailablePolicy } from '../../../model/policy.ts';
import { serviceKey } from '../../../model/route.ts';
import { quote } from '../../../text/quote.ts';
import type { IngressRow, IngressValues } from '../ingress-feature.ts';
import { objectNameOf } from './object-name.ts';

const SECRET_TYPES: ReadonlySet<string> = new Set(['auth-file', 'auth-map']);
/** The characters that ingress-nginx takes, of which none ends a quoted string (RFC 9110 section 5.6.4). */
const REALM = /^[-/._~a-zA-Z0-9: ]{0,1024}$/;

export const BASIC_AUTH_ROWS: readonly IngressRow[] = [
  {
    name: 'auth-type',
    support: 'works',
    value: 'basic',
    example: 'basic',
    help: 'Serves only clients with a user and a password of auth-secret; others get 401. The upstream does not get the password.',
    differs:
      'digest is not built: its locations answer 503. nginx keeps passwords for it that are as good as plain text; write basic, over TLS.',
  },
  {
    name: 'auth-secret',
    support: 'works',
    value: 'NAME or NAMESPACE/NAME of a Secret',
    example: 'users',
    help: 'Who may log in. Without it, while the Secret is missing or cannot be read, and where it is in another namespace without allow-cross-namespace-resources, the locations answer 503.',
    differs:
      'bcrypt, apr1, MD5-crypt ($1$), SHA-crypt, {SHA} and {SSHA} are known. A Secret with another one, such as of DES or {PLAIN}, answers 503: htpasswd -B makes a new one.',
  },
  {
    name: 'auth-secret-type',
    support: 'works',
    value: 'auth-file or auth-map',
    example: 'auth-map',
    help: 'auth-file: the key auth of the Secret holds lines of htpasswd. auth-map: each of its keys is a user, and holds a hash.',
    differs: 'The key auth decides: a Secret that has it holds lines of htpasswd, and any other one users.',
  },
  {
    name: 'auth-realm',
    support: 'works',
    value: 'letters, digits, spaces and - / . _ ~ :',
    example: 'Back office',
    help: 'What browsers show where they ask for the password.',
    differs: 'The challenge also says that names and passwords are UTF-8 (RFC 7617 section 2.1).',
  },
];

/** @returns undefined where no password is asked for, or where that cannot be read: then the Ingress is denied or refused */
export function readBasicAuth(values: IngressValues): BasicAuthPolicy | UnavailablePolicy | undefined {
  const type = values.get('auth-type');
  if (type === undefined) {
    if (values.get('auth-secret') !== undefined)
      values.tell('auth-secret', 'has no effect without auth-type, as in ingress-nginx: anyone is served');
    return undefined;
  }
  if (!/basic|digest/.test(type)) {
    values.refuse('auth-type', `${quote(type)} is not known: write basic`);
    return undefined;
  }
  const secretType = values.get('auth-secret-type') ?? 'auth-file';
  if (!SECRET_TYPES.has(secretType)) {
    values.refuse('auth-secret-type', `${quote(secretType)} is neither auth-file nor auth-map`);
    return undefined;
  }
  const realm = values.get('auth-realm') ?? '';
  if (!REALM.test(realm)) {
    values.refuse('auth-realm', `${quote(realm)} holds other characters than letters, digits, spaces and - / . _ ~ :`);
    return undefined;
  }
  if (type !== 'basic') {
    values.deny('auth-type', `${quote(type)} is not built: write basic`);
    return undefined;
  }
  return readUsers(values, realm);
}

function readUsers(values: IngressValues, realm: string): BasicAuthPolicy | UnavailablePolicy | undefined {
  if (values.get('auth-secret') === undefined) {
    values.deny('auth-secret', 'is missing, and auth-type asks for users: name the Secret that holds them');
    return undefined;
  }
  const ref = values.require('auth-secret', text => objectNameOf(text, values));
  if (ref === undefined) return undefined;
  const found = values.credentials('auth-secret', ref);
  if ('fault' in found) return { kind: 'unavailable', of: 'basic-auth', why: found.fault };
  return { kind: 'basic-auth', realm, secret: serviceKey(ref), credentials: found };
}
