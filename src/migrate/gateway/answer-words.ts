/** Policies that answer requests in place of the Service, as redirects of the Gateway API. Pure. */
import type { Policy, ReturnPolicy, VariableText } from '../../model/policy.ts';
import type { PathModifier, RedirectFilter, RouteFilter } from './manifests.ts';
import * as annotations from './own-annotations.ts';
import type { WordsContext } from './words.ts';

/** What answers all requests of a location. */
export type Answer =
  | { readonly filter: RouteFilter }
  | { readonly annotations: annotations.Annotations }
  | { readonly isLeftOut: true };

const STATUSES: readonly number[] = [301, 302, 303, 307, 308];
const NAMES = ['permanent-redirect', 'temporal-redirect', 'app-root', 'from-to-www-redirect', 'rewrite-target'];
const SNIPPETS = ['configuration-snippet', 'server-snippet'];

/** @returns undefined where requests go on to the Service */
export function answerWords(policies: readonly Policy[], context: WordsContext): Answer | undefined {
  for (const policy of policies) {
    // Its pattern is that of the location, whose requests all match.
    if (policy.kind === 'redirect') return { annotations: annotations.redirect(policy) };
    if (policy.kind !== 'return') continue;
    if (policy.when === undefined) return returnWords(policy, context);
    const what = 'some requests are answered at once, by a condition that no route has';
    if (policy.status >= 400) return leftOut(context, what);
    context.say({ names: SNIPPETS, verdict: 'unsupported', reason: what });
  }
  return undefined;
}

function leftOut(context: WordsContext, what: string): Answer {
  context.say({ names: SNIPPETS, verdict: 'refused', reason: `${what}: its routes are not written` });
  return { isLeftOut: true };
}

function returnWords({ status, location, body }: ReturnPolicy, context: WordsContext): Answer {
  if (location === undefined || body !== undefined)
    return leftOut(context, `requests are answered with ${status} and no Location, which no route says`);
  const target = targetOf(location);
  if (target === undefined) return leftOut(context, 'the Location of the redirect holds variables');
  const statusCode = STATUSES.includes(status) ? status : 302;
  if (statusCode !== status)
    context.say({
      names: NAMES,
      verdict: 'differs',
      reason: `the status is 302: ${status} is no redirect that browsers follow`,
    });
  if ('text' in target) return { annotations: annotations.redirect({ target: target.text, status: statusCode }) };
  if (target.path !== undefined && !location.some(part => typeof part !== 'string' && part.variable === 'args')) {
    context.say({ names: NAMES, verdict: 'differs', reason: 'the query of the request goes along' });
  }
  return { filter: { type: 'RequestRedirect', requestRedirect: { ...target, statusCode } } };
}

type Target = Omit<RedirectFilter, 'statusCode'> | { readonly text: string };

function targetOf(location: VariableText): Target | undefined {
  const text = location.map(part => (typeof part === 'string' ? part : `\0${part.variable}\0`)).join('');
  const [, path] =
    /^\0connection_scheme\0:\/\/\0(?:host|http_host)\0(\/[^\0]*)(?:\0is_args\0\0args\0)?$/.exec(text) ?? [];
  if (path !== undefined) return { path: fullPath(path) };
  const [, hostname] = /^\0scheme\0:\/\/([^\0:]+):\0server_port\0\0request_uri_without_slash\0$/.exec(text) ?? [];
  if (hostname !== undefined) return { hostname };
  return text.includes('\0') ? undefined : fixedTarget(text);
}

function fixedTarget(text: string): Target {
  if (text.startsWith('/')) return /[?#]/.test(text) ? { text } : { path: fullPath(text) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && url.search === '' && url.hash === '' && /^[a-z0-9.-]+$/.test(url.hostname);
  if (!isPlain) return { text };
  return {
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: fullPath(url.pathname),
  };
}

function fullPath(path: string): PathModifier {
  return { type: 'ReplaceFullPath', replaceFullPath: path };
}
