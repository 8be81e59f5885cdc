/** Runs the proxy: puts its parts together, and leads it from the first connection to the last. */
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminServer } from '../admin/admin-server.ts';
import { StatusServer } from '../admin/status-server.ts';
import { systemClock } from '../clock.ts';
import { AffinityKeyFile, randomKeys } from '../control/affinity-key-file.ts';
import { Announcer } from '../control/announcer.ts';
import { Catalog } from '../control/catalog.ts';
import { DefaultCertificate } from '../control/certificates/default-certificate.ts';
import { ControlErrors } from '../control/control-errors.ts';
import { DescriptorWatch } from '../control/descriptor-watch.ts';
import { EndpointHealth } from '../control/health/endpoint-health.ts';
import { HealthAnnouncer } from '../control/health/health-announcer.ts';
import { HealthProbe } from '../control/health/health-probe.ts';
import { RouteControl } from '../control/route-control.ts';
import { openSource } from '../control/route-source.ts';
import type { RunningSource } from '../control/running-source.ts';
import { TicketKeys } from '../control/ticket-keys.ts';
import { messageOf, SettingsError, UnavailableError } from '../errors.ts';
import { formatListenAddress } from '../formats/listen-address.ts';
import { fileProblem } from '../formats/system-error.ts';
import { readTextFile } from '../formats/text-file.ts';
import { RedisRates } from '../limits/redis/redis-rates.ts';
import { CounterBoard } from '../observe/counter-board.ts';
import { EndpointBoard } from '../observe/endpoint-board.ts';
import { FailureLog } from '../observe/failure-log.ts';
import { createLogger } from '../observe/logger.ts';
import { openLog } from '../observe/open-log.ts';
import { Metrics } from '../observe/registry.ts';
import { collectGarbage } from '../process/collect-garbage.ts';
import { endWithStuckThread } from '../process/end.ts';
import { openFilesLimit, warnOfLimits } from '../process/limits.ts';
import type { Signals } from '../process/signals.ts';
import type { Settings } from '../settings/schema.ts';
import { programVersion } from '../version.ts';
import { Fleet } from '../workers/fleet.ts';
import { memoryLimit } from '../workers/heap-limit.ts';
import { EXIT } from './command.ts';

/** How long each part may take to close: what is late is left to the end of the process. */
const CLOSING_MS = 5_000;
/** How often expired certificates are looked for. */
const LOOK_AT_CERTIFICATES_MS = 60_000;
/** It goes out whole with each error. */
const MAX_ERROR_PAGE_BYTES = 256 * 1024;

/**
 * Serves until a signal ends it, or at once ends the start when one comes during it.
 * @param reload reads the settings again from where they came; throws SettingsError when they cannot be used
 * @returns the exit code
 * @throws KubeEntryError when it cannot start
 */
export async function serve(settings: Settings, reload: () => Settings, signals: Signals): Promise<number> {
  assertLogOpens(settings);
  const logger = createLogger(settings.logLevel, settings.logLevelFormat);
  const board = new CounterBoard();
  const endpoints = new EndpointBoard(settings.workers);
  const errors = new ControlErrors(logger);
  const descriptors = new DescriptorWatch(logger);
  const catalog = new Catalog({
    ...settings,
    onBug: (error, doing, object) => errors.report(error, doing, object),
    hasTlsPort: settings.tlsListen !== undefined,
    waitsFor: settings.source === 'push' ? 'pushed' : 'services',
  });
  catalog.endpoints.location = settings;
  const failures = new FailureLog(board, logger);
  const announcer = new Announcer(catalog, logger);
  const probe = new HealthProbe(systemClock);
  const health = new EndpointHealth({
    board: endpoints,
    clock: systemClock,
    settings,
    probe,
    announcer: new HealthAnnouncer({
      logger,
      events: () => announcer.events,
      subjectOf: service => catalog.serviceOf(service)?.metadata,
    }),
  });
  const { affinityKeyFile } = settings;
  const onChange = (keys: readonly Uint8Array[]): void => void fleet.updateAffinityKeys(keys);
  const keyFile =
    affinityKeyFile === ''
      ? undefined
      : new AffinityKeyFile({ path: affinityKeyFile, clock: systemClock, logger, onChange });
  const ticketKeys = new TicketKeys(systemClock, keys => void fleet.updateTicketKeys(keys));
  const defaultCertificate =
    settings.tlsListen === undefined
      ? undefined
      : new DefaultCertificate({
          settings,
          secrets: catalog.tls,
          clock: systemClock,
          logger,
          onChange: certificate => void fleet.updateDefaultCertificate(certificate),
        });
  const stopLooking = systemClock.repeat(LOOK_AT_CERTIFICATES_MS, () => {
    catalog.tls.look();
    void control.changed(systemClock.monotonic());
  });
  const { rateLimitRedis } = settings;
  const rateStore = rateLimitRedis === '' ? undefined : new RedisRates(rateLimitRedis, systemClock);
  const fleet = new Fleet({
    settings,
    board,
    endpoints,
    logger,
    failures,
    health,
    errorPage: readErrorPage(settings),
    affinityKeys: keyFile?.keys ?? randomKeys(),
    defaultCertificate: defaultCertificate?.certificate,
    ticketKeys: ticketKeys.keys,
    rateStore,
    onPortStates: states => {
      catalog.gateways.portsChanged(states);
      void control.changed(systemClock.monotonic());
    },
  });
  let source: RunningSource | undefined;
  const control = new RouteControl({
    settings,
    catalog,
    fleet,
    announcer,
    errors,
    descriptors,
    health,
    logger,
    failures,
    defaultCertificate: () => defaultCertificate?.certificate,
    source: {
      report: () => source?.report() ?? { kind: settings.source, synced: false },
      watchState: () => source?.watchState(),
      committed: () => source?.committed?.(),
    },
    metrics: () => metrics,
  });
  const metrics = new Metrics({
    board,
    state: () => control.programState(),
    endpoints: health,
    certificates: () => control.certificates.summary(),
    gateways: settings.gatewayController === '' ? undefined : () => catalog.gateways.figures(),
    rateLeases: rateStore && (() => fleet.rateLeases ?? { isUp: false, unshared: 0 }),
    perEndpoint: settings.metricsPerEndpoint,
    version: programVersion(),
    engine: settings.engine,
  });

  const closers: (() => Promise<unknown>)[] = [];
  let state = 'starting' as 'starting' | 'up' | 'over';
  let hasStuckThread = false;
  let code: number = EXIT.ok;
  // The last resort. Requests are the workers' business, and the routes in force are never half changed: going on with them is
  // safer than a restart, which may meet the same error again on every replica.
  const onStray = (error: unknown): void => errors.report(error, 'something that nothing waited for');
  signals.on('SIGHUP', () => void rereadSettings());
  signals.on('SIGUSR1', () => fleet.reopenLogs());
  try {
    const why = await Promise.race([
      signals.first,
      fleet.stuck.then(() => 'stuck' as const),
      start().then(() => new Promise<never>(() => undefined)),
    ]);
    if (state === 'up' && why !== 'now') await drain();
    // Whatever runs the program starts it again.
    if (why === 'stuck') code = EXIT.internal;
  } finally {
    state = 'over';
    process.off('uncaughtException', onStray);
    for (const close of closers.reverse()) {
      const closing = close().catch((error: unknown) => errors.report(error, 'closing'));
      await Promise.race([closing, sleep(CLOSING_MS, undefined, { ref: false })]);
    }
    hasStuckThread = !(await fleet.close());
    failures.end();
    descriptors.close();
    keyFile?.close();
    defaultCertificate?.close();
    stopLooking();
    ticketKeys.close();
    health.close();
    probe.close();
  }
  return hasStuckThread ? endWithStuckThread(code) : code;

  async function start(): Promise<void> {
    const onChange = (receivedAt: number): void => void control.changed(receivedAt);
    const opening = open(
      openSource({ settings, liveSettings: () => control.settings, catalog, logger, onChange }),
      opened => opened.stop(),
    );
    // Loading the source takes some time, in which the workers start.
    const [{ listen, tlsListen }, opened] = await Promise.all([fleet.start(), opening]);
    source = opened;
    const parts = { control, board, logger };
    await open(AdminServer.listen(settings.adminSocket, parts), admin => admin.close());
    const status = await open(
      StatusServer.listen(settings.statusListen, { ...parts, dashboard: settings.dashboard }),
      server => server.close(),
    );
    warnOfLimits(settings, { openFiles: openFilesLimit(), memory: memoryLimit() }, logger);
    logger.info(
      {
        listen: formatListenAddress(listen),
        ...(tlsListen && { tlsListen: formatListenAddress(tlsListen) }),
        adminSocket: settings.adminSocket,
        statusListen: formatListenAddress(status.address),
        workers: fleet.size,
        engine: settings.engine,
      },
      'listening',
    );
    announcer.events = source.events;
    await source.start();
    fleet.yieldToWorkers();
    collectGarbage();
    state = 'up';
    process.on('uncaughtException', onStray);
  }

  /** Waits for a part, which is closed at the end: at once where the end has come before it. */
  async function open<T>(opening: Promise<T>, close: (part: T) => Promise<void>): Promise<T> {
    const part = await opening;
    if (state === 'over') {
      await close(part);
      throw new UnavailableError('a signal ended the start');
    }
    closers.push(() => close(part));
    return part;
  }

  async function rereadSettings(): Promise<void> {
    try {
      const fresh = reload();
      // Which file it is changes only with a restart, as for every setting that is not live.
      const errorPage = readErrorPage(control.settings);
      const [changes] = await Promise.all([control.reload(fresh), fleet.updateErrorPage(errorPage).answering]);
      logger.info({ changes }, 'settings and error page read again');
    } catch (error) {
      const problems = error instanceof SettingsError ? error.problems : [messageOf(error)];
      logger.error({ problems }, 'the settings in force stay: what was read again cannot be used');
    }
  }

  async function drain(): Promise<void> {
    control.isDraining = true;
    const { shutdownDelay, shutdownTimeout } = control.settings;
    logger.info({ shutdownDelayMs: shutdownDelay, shutdownTimeoutMs: shutdownTimeout }, 'draining');
    // Endpoints and load balancers have to notice first: until then connections still come.
    if ((await signals.wait(shutdownDelay)) === 'haste') return;
    const outcome = await signals.wait(shutdownTimeout, fleet.drain());
    logger.info({ outcome }, 'drained');
  }
}

/** @returns undefined for the built-in page */
function readErrorPage({ errorPage }: Settings): string | undefined {
  if (errorPage === '') return undefined;
  try {
    return readTextFile(errorPage, MAX_ERROR_PAGE_BYTES);
  } catch (error) {
    throw new SettingsError([`errorPage: ${errorPage} cannot be read: ${fileProblem(errorPage, error)}`]);
  }
}

/** Running workers continue without their log; at the start it is an error that can still be corrected. @throws UnavailableError */
function assertLogOpens({ accessLogPath }: Settings): void {
  if (accessLogPath === '') return;
  try {
    closeSync(openLog(accessLogPath));
  } catch (error) {
    throw new UnavailableError(`cannot write the access log ${accessLogPath}: ${fileProblem(accessLogPath, error)}`);
  }
}
