import { PATHS } from '../backends/http-backend.ts';
import { wrkScenario } from './wrk-scenario.ts';

export const connectionPerRequest = wrkScenario({
  name: 'connection-per-request',
  title: 'A connection for each GET, 64 at a time',
  path: PATHS.small,
  connections: 64,
  closing: true,
});
