import { PATHS } from '../backends/http-backend.ts';
import { wrkScenario } from './wrk-scenario.ts';

/** The everyday request. */
export const smallGet = wrkScenario({
  name: 'small-get',
  title: 'Small GET, 64 connections',
  path: PATHS.small,
  connections: 64,
});

export const smallGetLogged = wrkScenario({
  name: 'small-get-log',
  title: 'The same, access log to a file',
  path: PATHS.small,
  connections: 64,
  accessLog: true,
});

export const smallGet512 = wrkScenario({
  name: 'small-get-512',
  title: 'Small GET, 512 connections',
  path: PATHS.small,
  connections: 512,
});
