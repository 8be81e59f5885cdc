/** A worker thread: one engine, its table and settings, and the messages that change them between two requests. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { AffinityKeys } from '../dataplane/clusters/affinity/affinity-keys.ts';
import type { ClusterContext } from '../dataplane/clusters/balancing.ts';
import { createEngine } from '../dataplane/create-engine.ts';
import type { EngineState } from '../dataplane/engine.ts';
import { GatewayPorts } from '../dataplane/gateway-ports.ts';
import { AccessLog } from '../dataplane/log/access-log.ts';
import { LineSink } from '../dataplane/log/line-sink.ts';
import { WriteTurn } from '../dataplane/log/write-turn.ts';
import { PasswordVerifier } from '../dataplane/passwords/password-verifier.ts';
import { DEFAULT_ERROR_PAGE } from '../dataplane/pipeline/error-pages.ts';
import { FailureReporter } from '../dataplane/pipeline/failure-reporter.ts';
import { AuthCache } from '../dataplane/pipeline/filters/auth-cache.ts';
import type { FilterServices } from '../dataplane/pipeline/filters/filter-services.ts';
import { CopyMemory } from '../dataplane/pipeline/subrequests/body-copy.ts';
import { RouteCompiler } from '../dataplane/route-compiler.ts';
import { TokenVerifier } from '../dataplane/tokens/token-verifier.ts';
import { TlsHosts } from '../dataplane/transport/tls/tls-hosts.ts';
import { codeOf, messageOf } from '../errors.ts';
import { openLimits } from '../limits/limits.ts';
import { arrivals, departures, type PublishedDelta } from '../model/delta.ts';
import { portArrivals, portDepartures } from '../model/gateway-port.ts';
import { WorkerCounters } from '../observe/counters.ts';
import { EndpointRow } from '../observe/endpoint-board.ts';
import { collectGarbage } from '../process/collect-garbage.ts';
import { RouteTable } from '../routing/table.ts';
import type { Change, FromWorker, ToWorker, WorkerInit } from './messages.ts';
import { certificateOfShared } from './packed-certificates.ts';
import { type PackedDelta, unpack } from './packed-delta.ts';
import { PortSockets } from './port-sockets.ts';
import { yieldTo } from './thread-priorities.ts';

/** Routes that leave megabytes behind when they come at once. By itself V8 keeps these until it has been calm for half a minute. */
const LARGE_TABLE = 1_000;

const init = workerData as WorkerInit;
const counters = new WorkerCounters(init.counters);
const affinityKeys = new AffinityKeys(init.affinityKeys);
const tlsHosts = new TlsHosts();
const gatewayPorts = new GatewayPorts(Math.random);
const limits = openLimits(init.limits);
const filterServices: FilterServices = {
  clock: systemClock,
  limits,
  authCache: new AuthCache(systemClock),
  passwords: new PasswordVerifier(systemClock),
  copyMemory: new CopyMemory(),
  random: Math.random,
  tokens: new TokenVerifier(systemClock),
};
const clusterContext: ClusterContext = {
  affinityKeys,
  clock: systemClock,
  random: Math.random,
  row: new EndpointRow(init.endpoints.shared, init.endpoints.row),
  failed(cluster, slot, inARow) {
    if (inARow > 0 && inARow === state.settings.outlierFailures) say({ type: 'suspect', cluster, slot });
  },
  pending: change => counters.add('upstreamPending', change),
};
const routes = new RouteCompiler(clusterContext, filterServices);
const state: EngineState = {
  table: init.snapshot && tableWith(init.snapshot, undefined),
  settings: init.settings,
  errorPage: init.errorPage ?? DEFAULT_ERROR_PAGE,
  tlsHosts,
  gatewayPorts,
  clusterOf: id => routes.cluster(id),
  defaultCertificate: init.defaultCertificate && certificateOfShared(init.defaultCertificate),
  ticketKeys: init.ticketKeys,
};
const turn = new WriteTurn(init.logTurn.shared, init.logTurn.id);
const sink = new LineSink(init.settings.accessLogPath, turn, {
  onDrop: lines => counters.add('accessLogDropped', lines),
  onResume: lost => say({ type: 'log-lost', lines: lost }),
  onError: error => say({ type: 'log-error', message: messageOf(error) }),
});
const failures = new FailureReporter(counters, notice => say({ type: 'failure', notice }));
const engine = await createEngine(init.settings.engine, {
  state,
  counters,
  accessLog: new AccessLog(sink, state),
  failures,
  clock: systemClock,
  clientBytes: init.clientBytes,
});

const portSockets = new PortSockets(init.openPorts, {
  portOf: id => gatewayPorts.get(id),
  open: port => engine.listenPort(port, init.reusePort),
  tell: states => say({ type: 'ports', states }),
});

/** The number of the last change. */
let taken = init.change;
/** Before its first change, a worker has what was in force when it began to start. */
const upToDate = Promise.withResolvers<void>();
let isDraining = false;

function take(change: Change): void {
  const { delta, settings, errorPage, affinityKeys: keys, defaultCertificate, ticketKeys, openPorts } = change;
  if (keys !== undefined) affinityKeys.change(keys);
  if (ticketKeys !== undefined) state.ticketKeys = ticketKeys;
  if (defaultCertificate !== undefined) state.defaultCertificate = certificateOfShared(defaultCertificate);
  if (delta !== undefined) {
    state.table = tableWith(delta, state.table);
    portSockets.closeGone();
  }
  if (openPorts !== undefined) portSockets.listenOn(openPorts);
  if (errorPage !== undefined) state.errorPage = errorPage.html ?? DEFAULT_ERROR_PAGE;
  if (settings !== undefined) {
    state.settings = settings;
    engine.settingsChanged();
  }
}

function tableWith(delta: readonly PackedDelta[], before: EngineState['table']): EngineState['table'] {
  return delta.reduce((table, part) => applied(table, unpack(part)), before);
}

/** A host or a port is there before its routes are, and goes after them. */
function applied(table: EngineState['table'], delta: PublishedDelta): EngineState['table'] {
  const { tls, ports } = delta;
  if (tls !== undefined) tlsHosts.apply(arrivals(tls));
  if (ports !== undefined) gatewayPorts.apply(portArrivals(ports));
  const after = routes.apply(table, delta);
  if (tls !== undefined) tlsHosts.apply(departures(tls));
  if (ports !== undefined) gatewayPorts.apply(portDepartures(ports));
  return after;
}

function acknowledge(): void {
  say({ type: 'acknowledged', number: taken, version: state.table?.version ?? RouteTable.EMPTY.version });
}

function say(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function end(): void {
  engine.close();
  filterServices.passwords.end();
  failures.end();
  sink.flush();
  parentPort?.close();
}

parentPort?.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'change': {
      const isFirstTable = state.table === undefined;
      take(message.change);
      taken = message.number;
      // No request has been answered by it yet: now a pause of a tenth of a second is one of the start.
      if (isFirstTable && (state.table?.size ?? 0) >= LARGE_TABLE) collectGarbage();
      acknowledge();
      upToDate.resolve();
      break;
    }
    case 'reopen-log':
      sink.reopen();
      break;
    case 'report-spending': {
      const spent = limits.spending?.take() ?? [];
      if (spent.length > 0) say({ type: 'spent', spent });
      break;
    }
    case 'nice':
      yieldTo(message.value);
      break;
    case 'drain':
      isDraining = true;
      portSockets.stop();
      void engine.drain().then(() => {
        sink.flush();
        say({ type: 'drained' });
      });
      break;
    case 'close':
      end();
      break;
  }
});

// What came about while this thread was starting comes in answer.
acknowledge();
await upToDate.promise;
if (!isDraining) {
  // Nobody waits for this thread yet.
  collectGarbage();
  try {
    const { reusePort } = init;
    const tlsListen = init.tlsListen && (await engine.listenTls(init.tlsListen, reusePort));
    say({ type: 'listening', at: { listen: await engine.listen(init.listen, reusePort), tlsListen } });
    portSockets.start();
  } catch (error) {
    say({ type: 'failed', message: messageOf(error), code: codeOf(error) ?? '' });
    end();
  }
}
