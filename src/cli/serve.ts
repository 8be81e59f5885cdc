/** Runs the proxy: puts its parts together, and leads it from the first connection to the last. */
import { closeSync, readFileSync } from 'node:fs';
import { AdminServer } from '../admin/admin-server.ts';
import { StatusServer } from '../admin/status-server.ts';
import { messageOf, SettingsError, UnavailableError } from '../errors.ts';
import { formatListenAddress } from '../formats/listen-address.ts';
import { CounterBoard } from '../observe/counter-board.ts';
import { openLog } from '../observe/line-sink.ts';
import { createLogger } from '../observe/logger.ts';
import { Metrics } from '../observe/registry.ts';
import type { Settings } from '../settings/schema.ts';
import { Catalog } from '../sources/catalog.ts';
import { Fleet } from '../workers/fleet.ts';
import { Announcer } from './announcer.ts';
import { EXIT } from './command.ts';
import { RouteControl } from './route-control.ts';
import { openSource, type RunningSource } from './route-source.ts';
import { Signals } from './signals.ts';
import { programVersion } from './version.ts';

/**
 * Serves until a signal ends it.
 * @param reload reads the settings again from where they came; throws SettingsError when they cannot be used
 * @returns the exit code
 * @throws KubeEntryError when it cannot start
 */
export async function serve(settings: Settings, reload: () => Settings): Promise<number> {
  assertLogOpens(settings);
  const logger = createLogger(settings.logLevel);
  const board = new CounterBoard();
  const catalog = new Catalog({
    allowExternalName: settings.allowExternalName,
    waitsFor: settings.source === 'push' ? 'pushed' : 'services',
  });
  const fleet = new Fleet({ settings, board, logger, errorPage: readErrorPage(settings) });
  const announcer = new Announcer(catalog, logger);
  let source: RunningSource | undefined;
  const control = new RouteControl({
    settings,
    catalog,
    fleet,
    announcer,
    logger,
    source: {
      report: () => source?.report() ?? { kind: settings.source, synced: false },
      watchState: () => source?.watchState(),
    },
    metrics: () => metrics,
  });
  const metrics = new Metrics({
    board,
    state: () => control.programState(),
    version: programVersion(),
    engine: settings.engine,
  });

  const closers: (() => Promise<void>)[] = [];
  const signals = new Signals();
  // Before anybody can know that it runs: a signal that is not listened to ends the process.
  signals.on('SIGHUP', () => void rereadSettings());
  signals.on('SIGUSR1', () => fleet.reopenLogs());
  try {
    closers.push(() => fleet.close());
    const onChange = (receivedAt: number): void => void control.changed(receivedAt);
    // Loading the source takes some time, in which the workers start.
    const starting = [fleet.start(), openSource({ settings, catalog, logger, onChange })] as const;
    // Both settle first: workers that are still to be started could not be ended.
    await Promise.allSettled(starting);
    const [address, opened] = await Promise.all(starting);
    source = opened;
    const admin = await AdminServer.listen(settings.adminSocket, { control, board, logger });
    closers.push(() => admin.close());
    const status = await StatusServer.listen(settings.statusListen, { control, board, logger });
    closers.push(() => status.close());
    logger.info(
      {
        listen: formatListenAddress(address),
        adminSocket: settings.adminSocket,
        statusListen: formatListenAddress(status.address),
        workers: fleet.size,
        engine: settings.engine,
      },
      'listening',
    );
    announcer.messenger = source.messenger;
    closers.push(source.stop);
    await source.start();
    if ((await signals.first) === 'graceful') await drain();
    return EXIT.ok;
  } finally {
    signals.close();
    for (const close of closers.reverse()) await close();
  }

  async function rereadSettings(): Promise<void> {
    try {
      const fresh = reload();
      // Which file it is changes only with a restart, as for every setting that is not live.
      const errorPage = readErrorPage(control.settings);
      const [changes] = await Promise.all([control.reload(fresh), fleet.updateErrorPage(errorPage)]);
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
    return readFileSync(errorPage, 'utf8');
  } catch (error) {
    throw new SettingsError([`errorPage: ${errorPage} cannot be read: ${messageOf(error)}`]);
  }
}

/** Running workers go on without their log; at the start somebody is there to mend it. @throws UnavailableError */
function assertLogOpens({ accessLogPath }: Settings): void {
  if (accessLogPath === '') return;
  try {
    closeSync(openLog(accessLogPath));
  } catch (error) {
    throw new UnavailableError(`cannot write the access log ${accessLogPath}: ${messageOf(error)}`);
  }
}
