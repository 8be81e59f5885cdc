import { FormatError } from '../../errors.ts';
import { isHostName } from '../../formats/host-name.ts';
import type { JwtPolicy } from '../../model/policy.ts';
import { quote } from '../../text/quote.ts';
import { definePolicy } from './policy-definition.ts';

const EXAMPLE = 'issuer=https://issuer.example audience=api jwks=https://issuer.example/keys';
const NAMES = ['issuer', 'audience', 'jwks'] as const;
const LONGEST = 1_024;

type Words = Readonly<Record<(typeof NAMES)[number], string>>;

export const JWT = definePolicy<JwtPolicy>({
  rows: [
    {
      name: 'jwt',
      nginx: [],
      value: 'issuer=TEXT audience=TEXT jwks=URL, each once; the URL begins with https://',
      help: 'Serves only clients with a token (Authorization: Bearer) that the issuer has signed by a private key, for this audience, and that has not expired; others get 401. The keys are fetched from the URL and kept; those that are known serve for a day while it does not answer, and without any, requests get 503. A key that is not known yet is asked for at most every 10 s.',
      example: EXAMPLE,
    },
  ],
  read(values) {
    const words = values.read('jwt', text => parseWords(text, values.get('basic-auth') !== undefined));
    if (words === undefined) return undefined;
    const url = new URL(words.jwks);
    return {
      ...{ kind: 'jwt', issuer: words.issuer, audience: words.audience },
      ...{ cluster: values.clusterOfUrl(url), host: url.host, target: `${url.pathname}${url.search}` },
    };
  },
  explain: ({ issuer, audience }, request) =>
    /^bearer /i.test(request.header('authorization'))
      ? `lets it pass if its token is one of ${issuer} for ${audience} and has not expired, and refuses it with 401 otherwise`
      : `refuses it with 401, because it has no token: it asks for one of ${issuer} for ${audience}`,
});

/** @throws FormatError */
function parseWords(text: string, hasBasicAuth: boolean): Words {
  if (hasBasicAuth) {
    throw new FormatError('a request has one Authorization header: write either basic-auth or jwt, not both');
  }
  const words: Partial<Record<(typeof NAMES)[number], string>> = {};
  for (const word of text.trim().split(/\s+/)) {
    const name = NAMES.find(known => word.startsWith(`${known}=`));
    if (name === undefined) throw new FormatError(`${quote(word)} is none of its words: write "${EXAMPLE}"`);
    if (words[name] !== undefined) throw new FormatError(`${name} is there twice`);
    const value = word.slice(name.length + 1);
    if (value === '' || value.length > LONGEST) throw new FormatError(`${name} must have 1 to ${LONGEST} characters`);
    words[name] = value;
  }
  const { issuer, audience, jwks } = words;
  if (issuer === undefined || audience === undefined || jwks === undefined) {
    const missing = NAMES.filter(name => words[name] === undefined);
    throw new FormatError(`${missing.join(' and ')} missing: write "${EXAMPLE}"`);
  }
  const url = URL.canParse(jwks) ? new URL(jwks) : undefined;
  if (url?.protocol !== 'https:' || !isHostName(url.hostname)) {
    throw new FormatError(
      `jwks ${quote(jwks)} is no URL that begins with https:// and a host: who changes the keys on their way makes tokens`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new FormatError('jwks holds a user: an annotation is no place for a password');
  }
  return { issuer, audience, jwks };
}
