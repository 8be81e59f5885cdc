/** The filters that send clients elsewhere, or give the upstream another URL. Pure. */
import { isIP } from 'node:net';
import { isHostName } from '../../../formats/host-name.ts';
import type { PathReplacement, RequestRedirectPolicy, UrlRewritePolicy } from '../../../model/policy.ts';
import type { PathModifier, RequestRedirect, RouteFilter } from '../../../resources/gateway/gateway-object.ts';
import { isPortNumber } from '../../../resources/service-object.ts';
import { quote } from '../../../text/quote.ts';
import { MAX_PATH_BYTES } from '../../annotations.ts';
import { RuleFault } from './rule-fault.ts';

const STATUSES: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** What a path is made of on the wire. */
const PATH = /^\/[\x21\x22\x24-\x3e\x40-\x7e]*$/;

/** @param prefix the path of the only match of the rule, where that is a prefix @throws RuleFault */
export function redirectPolicy(
  { scheme, hostname, path, port, statusCode: status }: RequestRedirect,
  prefix: string | undefined,
): RequestRedirectPolicy {
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    throw new RuleFault(`RequestRedirect: the scheme ${quote(scheme)} is neither http nor https`);
  if (port !== undefined && !isPortNumber(port))
    throw new RuleFault('RequestRedirect: the port is not a number from 1 to 65535');
  if (!STATUSES.has(status))
    throw new RuleFault(`RequestRedirect: ${status} is not one of ${[...STATUSES].join(', ')}`);
  return {
    kind: 'request-redirect',
    ...(scheme !== undefined && { scheme }),
    ...hostOf('RequestRedirect', hostname),
    ...(port !== undefined && { port }),
    ...replacementOf('RequestRedirect', path, prefix),
    status,
  };
}

/** @param prefix as in {@link redirectPolicy} @throws RuleFault */
export function rewritePolicy(
  { hostname, path }: NonNullable<RouteFilter['urlRewrite']>,
  prefix: string | undefined,
): UrlRewritePolicy {
  return { kind: 'url-rewrite', ...hostOf('URLRewrite', hostname), ...replacementOf('URLRewrite', path, prefix) };
}

function hostOf(filter: string, hostname: string | undefined): { readonly host?: string } {
  if (hostname === undefined) return {};
  if (isHostName(hostname) && isIP(hostname) === 0) return { host: hostname.toLowerCase() };
  throw new RuleFault(`${filter}: the hostname ${quote(hostname)} is no host name`);
}

function replacementOf(
  filter: string,
  modifier: PathModifier | undefined,
  prefix: string | undefined,
): { readonly path?: PathReplacement } {
  if (modifier === undefined) return {};
  const { type, replaceFullPath = '', replacePrefixMatch = '' } = modifier;
  if (type === 'ReplaceFullPath') return { path: { full: checkedPath(filter, replaceFullPath) || '/' } };
  if (type !== 'ReplacePrefixMatch') throw new RuleFault(`${filter}: the path type ${quote(type)} is not known`);
  if (prefix === undefined)
    throw new RuleFault(`${filter}: ReplacePrefixMatch needs a rule with one match, which is a PathPrefix`);
  return { path: { prefix, replacement: checkedPath(filter, replacePrefixMatch) } };
}

/** Empty or a path. */
function checkedPath(filter: string, path: string): string {
  if (path === '' || (PATH.test(path) && path.length <= MAX_PATH_BYTES)) return path;
  throw new RuleFault(`${filter}: ${quote(path)} is no path: write one that starts with a slash, without ? and #`);
}
