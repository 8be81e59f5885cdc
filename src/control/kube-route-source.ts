/** The Kubernetes API as a source of routes: Services, Ingresses, Gateways, what they ask for, Events, statuses and the state file. */
import { hostname } from 'node:os';
import { systemClock } from '../clock.ts';
import type { DemandReport } from '../sources/kube/demand-source.ts';
import type { KubeSource } from '../sources/kube/kube-source.ts';
import type { SourceReport } from './control-plane.ts';
import type { DemandedSource, FollowedSource } from './followed-source.ts';
import type { KubeGateways, KubeGatewaysOptions } from './kube-gateways.ts';
import type { KubeIngresses, KubeIngressesOptions } from './kube-ingresses.ts';
import type { RunningSource, SourceOptions } from './running-source.ts';

export async function kubeRouteSource(options: SourceOptions): Promise<RunningSource> {
  const { settings, catalog, logger, onChange } = options;
  const [
    { KubeClient },
    { CredentialsError },
    { KubeSource },
    { endpointSliceSource },
    { secretSources },
    { readNodeZone },
    { EventRecorder },
    { StateKeeper },
    { originOf },
    { StatusElection },
  ] = await loadKube();
  const client = new KubeClient(settings, { logger });
  // Wrong files and names stay wrong until someone corrects them; other errors may pass.
  await client.cluster().catch((error: unknown) => {
    if (!(error instanceof CredentialsError)) throw error;
  });
  let isFirst = true;
  /** The first table waits for what its routes ask for. */
  const isAwaited = (): boolean => {
    // What it asks for is known once all is translated, which later changes need not wait for here.
    if (isFirst && catalog.isInitialised) {
      catalog.settle();
      isFirst = demanded.some(each => each.isAwaited);
    }
    return isFirst;
  };
  const settled = (receivedAt: number): void => {
    if (!isAwaited()) onChange(receivedAt);
    ingresses?.publication.look();
  };
  const election = new StatusElection({ settings, client, logger });
  const ingresses = await ingressParts({ ...options, client, election, onChange: settled });
  const gateways = await gatewayParts({ ...options, client, election, onChange: settled });
  const keeper =
    settings.stateFile === ''
      ? undefined
      : new StateKeeper({
          path: settings.stateFile,
          store: catalog,
          referred: () => catalog.referred(),
          ingresses: ingresses?.keeper,
          gateways: gateways?.keeper,
          origin: async () => originOf(await client.cluster(), settings),
          isCurrent: () => source.report().synced,
          logger,
          clock: systemClock,
        });
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
  const secrets = secretSources({ settings, client, stores: catalog.secrets, logger, onChange: settled });
  const parts = [ingresses, gateways].filter(part => part !== undefined);
  const demanded: readonly DemandedSource[] = [slices, ...secrets, ...parts.flatMap(part => part.demanded)];
  const followed = parts.flatMap(part => part.followed);
  const others: readonly FollowedSource[] = [...demanded, ...followed];
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
      for (const each of demanded) each.start();
      if (await keeper?.restore()) onChange(systemClock.monotonic());
      source.start();
      for (const each of followed) each.start();
      for (const { publication } of parts) publication.start();
    },
    report: () => {
      const staleSince = keeper?.staleSince;
      const report = joined(
        source.report(),
        others.map(each => each.report()),
        parts.flatMap(({ publication }) => publication.problems),
      );
      return staleSince === undefined ? report : { ...report, staleSince: new Date(staleSince).toISOString() };
    },
    watchState: () => {
      const { eventsTotal, restartsTotal, lastEventTimestampSeconds, synced } = source.statistics();
      const theirs = others.map(each => each.statistics());
      const sum = (field: 'eventsTotal' | 'restartsTotal'): number =>
        theirs.reduce((all, each) => all + each[field], 0);
      const lastEventMs = Math.max(lastEventTimestampSeconds * 1000, ...theirs.map(({ lastEventAt }) => lastEventAt));
      return {
        events: eventsTotal + sum('eventsTotal'),
        restarts: restartsTotal + sum('restartsTotal'),
        lastEventMs: lastEventMs > 0 ? lastEventMs : undefined,
        synced: synced && others.every(each => each.report().synced),
        serviceEvents: recorder.statistics,
        ...(gateways && { statusWrites: gateways.publication.counts }),
      };
    },
    committed: () => gateways?.publication.take(),
    stop: async () => {
      locating.abort();
      // First: what the source said last is true until it stops.
      await keeper?.stop();
      await Promise.all([
        source.stop(),
        ...others.map(each => each.stop()),
        recorder.stop(),
        ...parts.map(({ publication }) => publication.stop()),
      ]);
      await election.stop();
      await client.close();
    },
  };
}

/** Services and what is read besides as one source: synced when all are, lost since the first was. */
function joined(
  services: ReturnType<KubeSource['report']>,
  others: readonly DemandReport[],
  more: readonly string[] = [],
): SourceReport {
  const lostAt = others.flatMap(each => each.lostAt ?? []).map(at => new Date(at).toISOString());
  const [lostSince] = [services.lostSince ?? [], lostAt].flat().sort();
  const problems = new Set([services.problem ?? [], ...others.map(each => each.problems), ...more].flat());
  return {
    kind: 'kube',
    synced: services.synced && others.every(({ synced }) => synced),
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
    import('../sources/kube/secret-source.ts'),
    import('../sources/kube/node-zone.ts'),
    import('../sources/kube/events.ts'),
    import('../sources/kube/state-keeper.ts'),
    import('../sources/kube/origin.ts'),
    import('./status/status-election.ts'),
  ]);
}

/** Undefined where no Ingress is to be served. */
async function ingressParts(options: KubeIngressesOptions): Promise<KubeIngresses | undefined> {
  if (options.settings.ingressClass.length === 0) return undefined;
  const { kubeIngresses } = await import('./kube-ingresses.ts');
  return kubeIngresses(options);
}

/** Undefined where no Gateway is to be served. */
async function gatewayParts(options: KubeGatewaysOptions): Promise<KubeGateways | undefined> {
  if (options.settings.gatewayController === '') return undefined;
  const { kubeGateways } = await import('./kube-gateways.ts');
  return kubeGateways(options);
}
