import { PATHS } from '../backends/http-backend.ts';
import { wrkScenario } from './wrk-scenario.ts';

const ROUTES = 10_000;

/** As many Services, each with a path of its own and all on one address, so that only routing differs from one route. */
export const manyRoutes = wrkScenario({
  name: 'routes-10000',
  title: '10 000 routes, hit at random',
  path: PATHS.small,
  connections: 64,
  prefixes: Array.from({ length: ROUTES }, (_, index) => `/s${index + 1}`),
  routes: ROUTES,
});
