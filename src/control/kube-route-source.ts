/** The Kubernetes API as a source of routes: Services, the endpoints of those that ask for them, Events and the state file. */
import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import type { DemandReport } from '../sources/kube/demand-source.ts';
import type { KubeSource } from '../sources/kube/kube-source.ts';
import type { SourceReport } from './control-plane.ts';
import type { RunningSource, SourceOptions } from './running-source.ts';

export async function kubeRouteSource({ settings, catalog, logger, onChange }: SourceOptions): Promise<RunningSource> {
  const [
    { KubeClient },
    { CredentialsError },
    { KubeSource },
    { endpointSliceSource },
    { readNodeZone },
    { EventRecorder },
    { StateKeeper },
    { originOf },
  ] = await loadKube();
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
  const settled = (receivedAt: number): void => {
    if (!slices.isAwaited) onChange(receivedAt);
  };
  const locating = new AbortController();
  // Hints can wait, and a right to read Nodes is not needed where --zone says it.
  const locate = async (): Promise<void> => {
    const { nodeName, zone } = settings;
    if (nodeName === '' || zone !== '') return;
    const found = await readNodeZone({ client, nodeName, logger, clock: systemClock, signal: locating.signal });
    if (found === '') return;
    catalog.endpoints.location = { ...settings, zone: found };
    settled(systemClock.monotonic());
  };
  const slices = endpointSliceSource({
    settings,
    client,
    store: catalog.endpoints,
    logger,
    onChange: settled,
    onFirstDemand: () => void locate(),
  });
  const source = new KubeSource({
    settings,
    client,
    store: keeper ?? catalog,
    restored: () => keeper?.restored ?? [],
    logger,
    onChange: settled,
  });
  const recorder = new EventRecorder({ client, logger, reportingInstance: hostname() });
  return {
    ...(settings.events && { events: recorder }),
    start: async () => {
      slices.start();
      if (await keeper?.restore()) onChange(systemClock.monotonic());
      source.start();
    },
    report: () => {
      const staleSince = keeper?.staleSince;
      const report = joined(source.report(), slices.report());
      return staleSince === undefined ? report : { ...report, staleSince: new Date(staleSince).toISOString() };
    },
    watchState: () => {
      const { eventsTotal, restartsTotal, lastEventTimestampSeconds, synced } = source.statistics();
      const ofSlices = slices.statistics();
      const lastEventMs = Math.max(lastEventTimestampSeconds * 1000, ofSlices.lastEventAt);
      return {
        events: eventsTotal + ofSlices.eventsTotal,
        restarts: restartsTotal + ofSlices.restartsTotal,
        lastEventMs: lastEventMs > 0 ? lastEventMs : undefined,
        synced: synced && slices.report().synced,
        serviceEvents: recorder.statistics,
      };
    },
    stop: async () => {
      locating.abort();
      // First: what the source said last is true until it stops.
      await keeper?.stop();
      await Promise.all([source.stop(), slices.stop(), recorder.stop()]);
      await client.close();
    },
  };
}

/** Services and slices as one source: synced when both are, lost since the first was. */
function joined(services: ReturnType<KubeSource['report']>, slices: DemandReport): SourceReport {
  const losses = [services.lostSince ?? [], slices.lostAt === undefined ? [] : new Date(slices.lostAt).toISOString()];
  const [lostSince] = losses.flat().sort();
  const problems = new Set([services.problem ?? [], slices.problems].flat());
  return {
    kind: 'kube',
    synced: services.synced && slices.synced,
    ...(lostSince === undefined ? {} : { lostSince }),
    ...(problems.size === 0 ? {} : { problem: [...problems].join('; ') }),
  };
}

/** Only where the Kubernetes API is asked: client-node above all takes its time. */
function loadKube() {
  return Promise.all([
    import('../sources/kube/client.ts'),
    import('../sources/kube/errors.ts'),
    import('../sources/kube/kube-source.ts'),
    import('../sources/kube/endpoint-slice-source.ts'),
    import('../sources/kube/node-zone.ts'),
    import('../sources/kube/events.ts'),
    import('../sources/kube/state-keeper.ts'),
    import('../sources/kube/origin.ts'),
  ]);
}
