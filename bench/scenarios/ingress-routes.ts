/** The everyday request, taken by Ingresses: compare with as many routes of Services, and patterns with plain paths. */
import { PATHS } from '../backends/http-backend.ts';
import { exchange } from '../load/exchange.ts';
import { ensure } from './checks.ts';
import type { Scenario, Target } from './scenario.ts';
import { wrkScenario } from './wrk-scenario.ts';

const HOST = 'bench.test';

export const ingressRoutes = ingressScenario({
  name: 'ingress-routes-10000',
  title: '10 000 Ingress routes, hit at random',
  routes: 10_000,
});

export const ingressPaths = ingressScenario({
  name: 'ingress-paths-50',
  title: 'An Ingress host with 50 paths, hit at random',
  routes: 50,
});

export const ingressPatterns = ingressScenario({
  name: 'ingress-regex-50',
  title: 'The same with 50 regular expressions',
  routes: 50,
  isRegex: true,
});

interface IngressScenario {
  readonly name: string;
  readonly title: string;
  readonly routes: number;
  readonly isRegex?: boolean;
}

/** Ingresses take nothing from the path, so the backend gets `/sN/small`. */
function ingressScenario({ name, title, routes, isRegex = false }: IngressScenario): Scenario {
  const pathOf = (index: number) => (isRegex ? `/s${index + 1}/[a-z]+` : `/s${index + 1}`);
  return wrkScenario({
    ...{ name, title, routes, connections: 64, path: PATHS.small, header: `Host: ${HOST}` },
    prefixes: Array.from({ length: routes }, (_, index) => `/s${index + 1}`),
    ingressHost: { host: HOST, paths: Array.from({ length: routes }, (_, index) => pathOf(index)), isRegex },
    async check({ port }: Target) {
      const headers = { Host: HOST };
      for (const route of [1, routes]) {
        const { status } = await exchange({ port, path: `/s${route}${PATHS.small}`, headers });
        ensure(status === 200, `a GET of route ${route} is answered with ${status}`);
      }
      const { status } = await exchange({ port, path: `/s${routes + 1}${PATHS.small}`, headers });
      ensure(status === 404, `a GET for no route is answered with ${status}`);
    },
  });
}
