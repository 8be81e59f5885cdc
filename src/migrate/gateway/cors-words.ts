/** The CORS policy of an Ingress, as a filter of routes. Pure. */
import type { CorsPolicy } from '../../model/policy.ts';
import type { CorsFilter } from './manifests.ts';
import { type Part, unsaid, type WordsContext } from './words.ts';

/** As the schema of the API has it: an API server refuses a route with any other one. */
const ORIGIN = /^https?:\/\/(?:(?:\*\.)?(?:[a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\*)(?::[0-9]{1,5})?$/;
const METHODS: ReadonlySet<string> = new Set('GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH *'.split(' '));

export function corsWords(policy: CorsPolicy, context: WordsContext): Part {
  const origins = policy.origins.filter(origin => origin === '*' || ORIGIN.test(origin));
  const left = policy.origins.find(origin => !origins.includes(origin));
  if (left !== undefined) unsaid(context, ['cors-allow-origin'], `the origin ${left} cannot be written`);
  const methods = namesIn(policy.methods).map(name => name.toUpperCase());
  const isAny = origins.includes('*');
  if (isAny && policy.credentials) {
    // ingress-nginx sends the star, with which browsers send none. A Gateway would name each origin, and so allow them to all.
    const reason = 'credentials are not allowed to all origins: browsers refuse them today, too';
    context.say({ names: ['enable-cors'], verdict: 'differs', reason });
  }
  if (origins.length === 0) return {};
  const cors: CorsFilter = {
    allowOrigins: origins,
    allowMethods: methods.filter(method => METHODS.has(method)),
    allowHeaders: namesIn(policy.headers),
    ...(policy.exposed.length > 0 && { exposeHeaders: namesIn(policy.exposed) }),
    ...(policy.credentials && !isAny && { allowCredentials: true }),
    ...(policy.maxAge > 0 && { maxAge: policy.maxAge }),
  };
  return { filters: [{ type: 'CORS', cors }] };
}

/** ingress-nginx has lists as one text. */
function namesIn(texts: readonly string[]): string[] {
  const names = texts.flatMap(text => text.split(',')).map(name => name.trim());
  return [...new Set(names.filter(name => name !== ''))];
}
