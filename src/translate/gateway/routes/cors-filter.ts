/** The filter CORS. Pure. */
import { parseOrigin } from '../../../formats/http/origins.ts';
import { isToken } from '../../../formats/http/token.ts';
import type { CorsPolicy } from '../../../model/policy.ts';
import type { CorsFilter } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import { orFault, RuleFault } from './rule-fault.ts';

/** @throws RuleFault */
export function corsPolicy(cors: CorsFilter): CorsPolicy {
  const { allowOrigins, allowCredentials: credentials, maxAge } = cors;
  if (!Number.isSafeInteger(maxAge) || maxAge < 1) throw new RuleFault('CORS: maxAge is no number of seconds');
  return {
    kind: 'cors',
    origins: readList('allowOrigins', allowOrigins, origin => orFault('CORS', () => parseOrigin(origin))),
    methods: readList('allowMethods', cors.allowMethods, checkName),
    headers: readList('allowHeaders', cors.allowHeaders, checkName),
    exposed: readList('exposeHeaders', cors.exposeHeaders, checkName),
    ...{ credentials, maxAge, asGateway: true },
  };
}

/** A star stands for all, and so it stands alone. */
function readList(field: string, items: readonly string[], read: (item: string) => string): readonly string[] {
  if (!items.includes('*')) return [...new Set(items.map(read))];
  if (items.length > 1) throw new RuleFault(`CORS: ${field} has * beside other values: leave them out, or the *`);
  return items;
}

function checkName(name: string): string {
  if (isToken(name)) return name;
  throw new RuleFault(`CORS: ${quote(name)} is no name of a method or header`);
}
