/** The everyday request, taken by rules of HTTPRoutes: compare with a small GET by the route of a Service. */
import { PATHS } from '../backends/http-backend.ts';
import type { HttpRule } from '../contenders/contender.ts';
import { exchange } from '../load/exchange.ts';
import { checkForwarding, ensure } from './checks.ts';
import type { Scenario, Target } from './scenario.ts';
import { wrkScenario } from './wrk-scenario.ts';

const RULES = 10_000;
/** The rule that takes the requests. */
const TAKING = RULES / 2;
/** Rules lead to the backend without taking anything from the path. */
const NO_PREFIX = [''];

export const httpRouteGet = wrkScenario({
  name: 'http-route-get',
  title: 'Small GET by an HTTPRoute',
  path: PATHS.small,
  connections: 64,
  prefixes: NO_PREFIX,
  httpRules: [{ path: { type: 'PathPrefix', value: '/' } }],
  check: checkForwarding,
});

export const headerRules = amongRules({
  name: 'http-route-header',
  title: 'The same among 10 000 rules that differ by a header',
  ruleOf: index => ({ headers: [{ name: 'X-Tenant', value: `tenant-${index}` }] }),
  header: `X-Tenant: tenant-${TAKING}`,
});

export const queryRules = amongRules({
  name: 'http-route-query',
  title: 'The same among 10 000 rules that differ by a query parameter',
  ruleOf: index => ({ queryParams: [{ name: 'tenant', value: `tenant-${index}` }] }),
  query: `?tenant=tenant-${TAKING}`,
});

export const methodRules = amongRules({
  name: 'http-route-method',
  title: 'The same among 10 000 rules for a method, each with a path of its own',
  ruleOf: index => ({
    path: { type: 'PathPrefix', value: index === TAKING ? PATHS.small : `/s${index}` },
    method: 'GET',
  }),
});

interface AmongRules {
  readonly name: string;
  readonly title: string;
  readonly ruleOf: (index: number) => HttpRule;
  /** What a request needs to be taken. */
  readonly header?: string;
  readonly query?: string;
}

function amongRules({ name, title, ruleOf, header = '', query = '' }: AmongRules): Scenario {
  const [field = '', value = ''] = header.split(': ');
  return wrkScenario({
    ...{ name, title, connections: 64, prefixes: NO_PREFIX, header, path: PATHS.small + query },
    httpRules: Array.from({ length: RULES }, (_, index) => ruleOf(index)),
    async check({ port }: Target) {
      const headers = field === '' ? {} : { [field]: value };
      const taken = await exchange({ port, path: PATHS.small + query, headers });
      ensure(taken.status === 200, `a GET is answered with ${taken.status}`);
      const other = await exchange({ port, path: PATHS.small, method: 'POST', body: '' });
      ensure(other.status === 404, `a request for no rule is answered with ${other.status}`);
    },
  });
}
