import { hostname } from 'node:os';
import type { Logger } from '../observe/logger.ts';
import type { Settings } from '../settings/schema.ts';
import type { Catalog } from '../sources/catalog.ts';
import type { Messenger } from './announcer.ts';
import type { RouteSource } from './route-control.ts';

/** A source that runs, and how to end it. */
export interface RunningSource extends RouteSource {
  /** Present where the owners of Services can be told. */
  readonly messenger?: Messenger;
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
 * Loads what the source of routes will need and nobody else does, for {@link startSource} to find it loaded: client-node
 * above all takes its time, in which the workers start.
 */
export async function loadSource({ manifests, source }: Settings): Promise<void> {
  if (manifests !== '') await import('../sources/manifests.ts');
  else if (source === 'kube') await Promise.all([loadKube(), loadKubeConfig()]);
}

/** Starts the source of routes that the settings name. @throws KubeEntryError when it cannot even begin */
export async function startSource(options: SourceOptions): Promise<RunningSource> {
  const { settings } = options;
  if (settings.manifests !== '') return startManifests(options);
  return settings.source === 'push' ? pushOnly(options.catalog) : startKube(options);
}

async function startManifests({ settings, catalog, logger, onChange }: SourceOptions): Promise<RunningSource> {
  const { ManifestSource } = await import('../sources/manifests.ts');
  const source = new ManifestSource({
    path: settings.manifests,
    store: catalog,
    logger,
    onChange: receivedAtMs => onChange(performance.now() - (Date.now() - receivedAtMs)),
  });
  await source.start();
  return {
    report: () => source.report(),
    watchState: () => undefined,
    stop: async () => source.stop(),
  };
}

async function startKube({ settings, catalog, logger, onChange }: SourceOptions): Promise<RunningSource> {
  const [{ KubeClient }, { KubeSource }, { EventRecorder }] = await loadKube();
  const client = new KubeClient(settings);
  const source = new KubeSource({ settings, client, store: catalog, logger, onChange });
  const recorder = new EventRecorder({ client, logger, reportingInstance: hostname() });
  source.start();
  return {
    messenger: recorder,
    report: () => source.report(),
    watchState: () => {
      const { eventsTotal, restartsTotal, lastEventTimestampSeconds, synced } = source.statistics();
      const lastEventMs = lastEventTimestampSeconds > 0 ? lastEventTimestampSeconds * 1000 : undefined;
      return { events: eventsTotal, restarts: restartsTotal, lastEventMs, synced };
    },
    stop: async () => {
      await Promise.all([source.stop(), recorder.stop()]);
      client.close();
    },
  };
}

/** Only where the Kubernetes API is asked. */
function loadKube() {
  return Promise.all([
    import('../sources/kube/client.ts'),
    import('../sources/kube/kube-source.ts'),
    import('../sources/kube/events.ts'),
  ]);
}

async function loadKubeConfig(): Promise<void> {
  const { newKubeConfig } = await import('../sources/kube/kube-config.ts');
  await newKubeConfig();
}

function pushOnly(catalog: Catalog): RunningSource {
  return {
    report: () => ({ kind: 'push', synced: catalog.isInitialised }),
    watchState: () => undefined,
    stop: async () => undefined,
  };
}
