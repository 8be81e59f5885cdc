import type { Catalog } from './catalog.ts';
import type { RunningSource, SourceOptions } from './running-source.ts';

/**
 * The source of routes that the settings name, loaded. It says nothing before it is started.
 * @throws KubeEntryError when what the settings name is not there, or cannot be used
 */
export async function openSource(options: SourceOptions): Promise<RunningSource> {
  const { settings } = options;
  if (settings.manifests !== '') return manifestSource(options);
  if (settings.source === 'push') return pushOnly(options.catalog);
  const { kubeRouteSource } = await import('./kube-route-source.ts');
  return kubeRouteSource(options);
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
    secrets: catalog.secrets,
    ingresses: catalog.ingresses,
    ...(settings.gatewayController !== '' && { gateways: catalog.gateways }),
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

function pushOnly(catalog: Catalog): RunningSource {
  return {
    start: async () => undefined,
    report: () => ({ kind: 'push', synced: catalog.isInitialised }),
    watchState: () => undefined,
    stop: async () => undefined,
  };
}
