import { FormatError } from '../../errors.ts';
import type { BasicAuthPolicy, UnavailablePolicy } from '../../model/policy.ts';
import { isDnsSubdomain } from '../../resources/service-object.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy } from './policy-definition.ts';

const DEFAULT_REALM = 'Authentication required';
/** What a quoted string holds without escapes (RFC 9110 section 5.6.4). */
const REALM = /^[\x20\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

export const BASIC_AUTH = definePolicy<BasicAuthPolicy | UnavailablePolicy>({
  rows: [
    {
      name: 'basic-auth',
      nginx: ['auth-secret'],
      value: 'the name of a Secret in the namespace of the Service',
      help: 'Serves only clients with a user and a password of the Secret, whose key auth holds lines of htpasswd (bcrypt, apr1, MD5-crypt, SHA-crypt, {SHA} or {SSHA}), or whose keys are users and hold a hash each; others get 401. While the Secret is missing or cannot be used, all get 503. The Service does not get the password.',
      example: 'users',
    },
    {
      name: 'basic-auth-realm',
      nginx: ['auth-realm'],
      value: 'a text without quotation marks and backslashes, of at most 128 characters',
      help: `What browsers show where they ask for the password; ${DEFAULT_REALM} unless told.`,
      example: 'Back office',
    },
  ],
  read(values) {
    const name = values.read('basic-auth', parseSecretName);
    const realm =
      values.get('basic-auth-realm') === undefined ? DEFAULT_REALM : values.read('basic-auth-realm', parseRealm);
    if (name === undefined || realm === undefined) return undefined;
    const found = values.credentials('basic-auth', name);
    if ('fault' in found) return { kind: 'unavailable', of: 'basic-auth', why: found.fault };
    return { kind: 'basic-auth', realm, secret: `${values.service.namespace}/${name}`, credentials: found };
  },
  explain(policy, request) {
    if (policy.kind === 'unavailable') return '';
    const has = /^basic /i.test(request.header('authorization'));
    return has
      ? `lets it pass if its user and its password are in the Secret ${policy.secret}, and refuses it with 401 otherwise`
      : `refuses it with 401, because it names no user: it asks for one of the Secret ${policy.secret}`;
  },
});

/** @throws FormatError */
function parseSecretName(text: string): string {
  const name = text.trim();
  if (isDnsSubdomain(name)) return name;
  throw new FormatError(`${quote(text)} is no name of a Secret: write the name of one in the namespace of the Service`);
}

/** @throws FormatError */
function parseRealm(text: string): string {
  if (REALM.test(text)) return text;
  throw new FormatError(
    `${quote(text)} cannot be sent: write up to 128 characters of ASCII, without quotation marks and backslashes`,
  );
}
