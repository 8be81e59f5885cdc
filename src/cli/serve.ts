/** Runs the proxy: puts its parts together, and leads it from the first connection to the last. */
import { closeSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminServer } from '../admin/admin-server.ts';
import { StatusServer } from '../admin/status-server.ts';
import { messageOf, SettingsError, UnavailableError } from '../errors.ts';
import { formatListenAddress } from '../formats/listen-address.ts';
import { fileProblem } from '../formats/system-error.ts';
import { CounterBoard } from '../observe/counter-board.ts';
import { FailureLog } from '../observe/failure-log.ts';
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
import type { Signals } from './signals.ts';
import { programVersion } from './version.ts';

/** How long each part may take to close: what is late is left to the end of the process. */
const CLOSING_MS = 5_000;

/**
 * Serves until a signal ends it, or at once ends the start when one comes during it.
 * @param reload reads the settings again from where they came; throws SettingsError when they cannot be used
 * @returns the exit code
 * @throws KubeEntryError when it cannot start
 */
export async function serve(settings: Settings, reload: () => Settings, signals: Signals): Promise<number> {
  assertLogOpens(settings);
  const logger = createLogger(settings.logLevel);
  const board = new CounterBoard();
  const catalog = new Catalog({
    allowExternalName: settings.allowExternalName,
    waitsFor: settings.source === 'push' ? 'pushed' : 'services',
  });
  const failures = new FailureLog(board, logger);
  const fleet = new Fleet({ settings, board, logger, failures, errorPage: readErrorPage(settings) });
  const announcer = new Announcer(catalog, logger);
  let source: RunningSource | undefined;
  const control = new RouteControl({
    settings,
    catalog,
    fleet,
    announcer,
    logger,
    failures,
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

  const closers: (() => Promise<void>)[] = [async () => failures.end(), () => fleet.close()];
  let isOver = false;
  signals.on('SIGHUP', () => void rereadSettings());
  signals.on('SIGUSR1', () => fleet.reopenLogs());
  try {
    const started = await signals.unlessEnding(start().then(() => true));
    if (started && (await signals.first) === 'graceful') await drain();
    return EXIT.ok;
  } finally {
    isOver = true;
    for (const close of closers.reverse()) await Promise.race([close(), sleep(CLOSING_MS, undefined, { ref: false })]);
  }

  async function start(): Promise<void> {
    const onChange = (receivedAt: number): void => void control.changed(receivedAt);
    const opening = open(openSource({ settings, catalog, logger, onChange }), opened => opened.stop());
    // Loading the source takes some time, in which the workers start.
    const [address, opened] = await Promise.all([fleet.start(), opening]);
    source = opened;
    const parts = { control, board, logger };
    await open(AdminServer.listen(settings.adminSocket, parts), admin => admin.close());
    const status = await open(StatusServer.listen(settings.statusListen, parts), server => server.close());
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
    await source.start();
  }

  /** Waits for a part, which is closed at the end: at once where the end has come before it. */
  async function open<T>(opening: Promise<T>, close: (part: T) => Promise<void>): Promise<T> {
    const part = await opening;
    if (isOver) {
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
    throw new SettingsError([`errorPage: ${errorPage} cannot be read: ${fileProblem(errorPage, error)}`]);
  }
}

/** Running workers go on without their log; at the start somebody is there to mend it. @throws UnavailableError */
function assertLogOpens({ accessLogPath }: Settings): void {
  if (accessLogPath === '') return;
  try {
    closeSync(openLog(accessLogPath));
  } catch (error) {
    throw new UnavailableError(`cannot write the access log ${accessLogPath}: ${fileProblem(accessLogPath, error)}`);
  }
}
