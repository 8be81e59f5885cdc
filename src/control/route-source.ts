import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import type { Logger } from '../observe/logger.ts';
import type { Settings } from '../settings/schema.ts';
import type { EventSink } from './announcer.ts';
import type { Catalog } from './catalog.ts';
import type { RouteSource } from './route-control.ts';

/** A source, and how to begin and end it. */
export interface RunningSource extends RouteSource {
  /** Present if Events can be posted on Services. */
  readonly events?: EventSink;
  /** @throws KubeEntryError when it cannot even begin */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface SourceOptions {
  readonly settings: Settings;
  readonly catalog: Catalog;
  readonly logger: Logger;
  /** @param receivedAt by `performance.now()` */
  readonly onChange: (receivedAt: number) => void;
}

/**
 * The source of routes that the settings name, loaded. It says nothing before it is started.
 * @throws KubeEntryError when what the settings name is not there, or cannot be used
 */
export async function openSource(options: SourceOptions): Promise<RunningSource> {
  const { settings } = options;
  if (settings.manifests !== '') return manifestSource(options);
  return settings.source === 'push' ? pushOnly(options.catalog) : kubeSource(options);
}

async function manifestSource({ settings, catalog, logger, onChange }: SourceOptions): Promise<RunningSource> {
  const [{ ManifestSource }, { listManifests }] = await Promise.all([
    import('../sources/manifests.ts'),
    import('../sources/manifest-files.ts'),
  ]);
  listManifests(settings.manifests);
  const source = new ManifestSource({
    path: settings.manifests,
    store: catalog,
    slices: catalog.endpoints,
    logger,
    onChange: receivedAtMs => onChange(performance.now() - (Date.now() - receivedAtMs)),
  });
  return {
    start: () => source.start(),
    report: () => source.report(),
    watchState: () => undefined,
    stop: async () => source.stop(),
  };
}

async function kubeSource({ settings, catalog, logger, onChange }: SourceOptions): Promise<RunningSource> {
  const [{ KubeClient }, { CredentialsError }, { KubeSource }, { EventRecorder }, { StateKeeper }, { originOf }] =
    await loadKube();
  const client = new KubeClient(settings, { logger });
  // Wrong files and names stay wrong until someone corrects them; other errors may pass.
  await client.cluster().catch((error: unknown) => {
    if (!(error instanceof CredentialsError)) throw error;
  });
  const keeper =
    settings.stateFile === ''
      ? undefined
      : new StateKeeper({
          path: settings.stateFile,
          store: catalog,
          origin: async () => originOf(await client.cluster(), settings),
          isCurrent: () => source.report().synced,
          logger,
          clock: systemClock,
        });
  const source = new KubeSource({
    settings,
    client,
    store: keeper ?? catalog,
    restored: () => keeper?.restored ?? [],
    logger,
    onChange,
  });
  const recorder = new EventRecorder({ client, logger, reportingInstance: hostname() });
  return {
    ...(settings.events && { events: recorder }),
    start: async () => {
      if (await keeper?.restore()) onChange(performance.now());
      source.start();
    },
    report: () => {
      const staleSince = keeper?.staleSince;
      const report = source.report();
      return staleSince === undefined ? report : { ...report, staleSince: new Date(staleSince).toISOString() };
    },
    watchState: () => {
      const { eventsTotal, restartsTotal, lastEventTimestampSeconds, synced } = source.statistics();
      const lastEventMs = lastEventTimestampSeconds > 0 ? lastEventTimestampSeconds * 1000 : undefined;
      return { events: eventsTotal, restarts: restartsTotal, lastEventMs, synced, serviceEvents: recorder.statistics };
    },
    stop: async () => {
      // First: what the source said last is true until it stops.
      await keeper?.stop();
      await Promise.all([source.stop(), recorder.stop()]);
      await client.close();
    },
  };
}

/** Only where the Kubernetes API is asked: client-node above all takes its time. */
function loadKube() {
  return Promise.all([
    import('../sources/kube/client.ts'),
    import('../sources/kube/errors.ts'),
    import('../sources/kube/kube-source.ts'),
    import('../sources/kube/events.ts'),
    import('../sources/kube/state-keeper.ts'),
    import('../sources/kube/origin.ts'),
  ]);
}

function pushOnly(catalog: Catalog): RunningSource {
  return {
    start: async () => undefined,
    report: () => ({ kind: 'push', synced: catalog.isInitialised }),
    watchState: () => undefined,
    stop: async () => undefined,
  };
}
