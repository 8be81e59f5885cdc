/** The alternative: nginx with a location for each Service, and a reload for each change. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Hammer, type HammerReport } from '../../../test/support/real-hammer.ts';
import { serverPort } from '../../../test/support/server-port.ts';
import { PATHS, startHttpBackend } from '../../backends/http-backend.ts';
import { nginxTuned } from '../../contenders/nginx.ts';
import { exchange } from '../../load/exchange.ts';
import { type Distribution, distribution } from '../../measure/distribution.ts';
import { type Memory, memoryOf } from '../../measure/memory.ts';
import { childrenOf } from '../../measure/process-tree.ts';
import { BenchError } from '../../support/bench-error.ts';
import { eventually } from '../../support/poll.ts';

const START_MS = 20_000;
const DEADLINE_MS = 30_000;
const POLL_MS = 2;
const PAUSE_MS = 500;

export interface NginxReload {
  readonly version: string;
  readonly locations: number;
  /** Of its one worker, before the first reload. */
  readonly worker: Memory;
  /** Milliseconds from SIGHUP until a new connection is served by the new configuration. */
  readonly reload: Distribution;
  /** Milliseconds until the worker of the former configuration, with its memory, is gone. */
  readonly formerGone: Distribution;
  /** While it was reloaded. */
  readonly clients: HammerReport;
}

interface Setup {
  /** Its own and there. */
  readonly folder: string;
  readonly backendFolder: string;
  readonly cpus: string;
  readonly locations: number;
  readonly reloads: number;
}

/** @throws NotSupportedError without nginx */
export async function measureNginx(setup: Setup): Promise<NginxReload> {
  const version = nginxTuned.version();
  const { folder, backendFolder, cpus, locations, reloads } = setup;
  await using programs = new AsyncDisposableStack();
  const [port, backendPort] = [await serverPort(), await serverPort()];
  programs.use(startHttpBackend(backendFolder, backendPort, cpus));
  const prefixes = Array.from({ length: locations }, (_, index) => `/service-${index}`);
  const nginx = nginxTuned.start({ folder, port, prefixes, backendPort, accessLog: undefined, cpus });
  programs.use(nginx.program);
  const served = async (prefix: string): Promise<boolean> =>
    (await exchange({ port, path: `${prefix}${PATHS.small}` })).status === 200;
  await eventually(async () => {
    if (!(await served('/service-0'))) throw new BenchError('nginx does not serve its first location');
  }, START_MS);
  const { pid } = nginx.program;
  const [first] = childrenOf(pid);
  if (first === undefined) throw new BenchError('nginx has no worker');
  const worker = memoryOf(first);
  const { body } = await exchange({ port, path: `/service-1${PATHS.small}` });
  await using hammer = new Hammer(`http://127.0.0.1:${port}/service-1${PATHS.small}`, body.toString());
  const times = { reload: [] as number[], gone: [] as number[] };
  for (let index = 0; index < reloads; index += 1) {
    const [former] = childrenOf(pid);
    const added = `/added-${index}`;
    await nginx.changePrefixes?.([added]);
    const start = performance.now();
    await until(() => served(added));
    times.reload.push(performance.now() - start);
    await until(() => former === undefined || !childrenOf(pid).includes(former));
    times.gone.push(performance.now() - start);
    await sleep(PAUSE_MS);
  }
  const clients = await hammer.stop();
  return {
    ...{ version, locations, worker, clients },
    ...{ reload: distribution(times.reload), formerGone: distribution(times.gone) },
  };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new BenchError('nginx does not end its reload');
    await sleep(POLL_MS);
  }
}
