import { Catalog } from '../control/catalog.ts';
import { codeOf, messageOf, UnavailableError } from '../errors.ts';
import { createLogger } from '../observe/logger.ts';
import type { ServiceObject } from '../resources/service-object.ts';
import type { SettingKey, Settings } from '../settings/schema.ts';
import { readManifests } from '../sources/manifest-files.ts';
import { ManifestIngresses } from '../sources/manifest-ingresses.ts';
import { ManifestSecrets } from '../sources/manifest-secrets.ts';
import { groupSlices, tellSlices } from '../sources/manifest-slices.ts';
import { printable } from '../text/printable.ts';
import { interruptible } from './interruptible.ts';
import type { Io } from './io.ts';

/** The settings that say what is read of Ingresses in manifests. */
export const INGRESS_SETTINGS = [
  'ingressClass',
  'ingressController',
  'ingressWithoutClass',
  'ingressConfigmap',
  'defaultBackendService',
] as const satisfies readonly SettingKey[];

/** The settings that say which Gateways of manifests are served, and where. */
export const GATEWAY_SETTINGS = [
  'gatewayController',
  'gatewayMode',
  'gatewayAddresses',
  'publishAddress',
] as const satisfies readonly SettingKey[];

/** The settings that name the source of Services. */
export type SourceSettings = Pick<
  Settings,
  | 'source'
  | 'manifests'
  | 'kubeconfig'
  | 'context'
  | 'namespace'
  | 'selector'
  | 'stateFile'
  | 'allowExternalName'
  | 'balance'
  | 'engine'
  | 'ingressClass'
  | 'ingressController'
  | 'ingressWithoutClass'
  | 'ingressConfigmap'
  | 'ingressLimitStatus'
  | 'allowMissingWaf'
  | 'defaultBackendService'
  | 'logLevel'
  | 'logLevelFormat'
>;

/**
 * Reads all Services of the source once. Problems of manifests go to standard error; the other manifests count.
 * @throws KubeEntryError when the source cannot be read, with what to do about it
 */
export async function readSource(settings: SourceSettings, io: Io): Promise<Catalog> {
  if (settings.manifests !== '') {
    const contents = readManifests(settings.manifests);
    const { services, slices, secrets, problems } = contents;
    for (const { file, line, reason } of problems) io.complain(printable(`${file}:${line}: ${reason}`));
    const objects = services.map(({ object }) => object);
    const catalog = emptyCatalog(settings);
    new ManifestSecrets(catalog.secrets).replace(secrets);
    if (settings.ingressClass.length > 0) new ManifestIngresses(catalog.ingresses).replace(contents);
    catalog.replace(objects);
    catalog.commit();
    const known = groupSlices(slices);
    for (const { metadata } of objects) tellSlices(catalog.endpoints, metadata, known);
    catalog.commit();
    return catalog;
  }
  if (settings.source === 'push') {
    throw new UnavailableError(
      'the source is push: only a running instance knows its routes. Name its socket with --admin-socket PATH, or another source with --manifests PATH or --source kube',
    );
  }
  if (settings.ingressClass.length > 0) {
    io.complain('Ingresses of a cluster are known to a running instance alone; these are the routes of its Services');
  }
  // Imported only here: loading the Kubernetes client takes longer than the rest of the command.
  const { listServicesOnce, listSlicesOnce } = await import('../sources/kube/list-once.ts');
  const { environment } = io;
  try {
    const logger = createLogger(settings.logLevel, settings.logLevelFormat);
    return await interruptible(io, async signal => {
      const options = { logger, environment, signal };
      const catalog = catalogOf(await listServicesOnce(settings, options), settings);
      await listSlicesOnce(settings, catalog.endpoints, options);
      catalog.commit();
      return catalog;
    });
  } catch (error) {
    if (settings.stateFile === '' || codeOf(error) !== 'KUBE_UNREACHABLE') throw error;
    return catalogOf(await readSaved(settings, io, messageOf(error)), settings);
  }
}

/** @param why the API server could not be asked @throws UnavailableError if the state file cannot be used either */
async function readSaved(settings: SourceSettings, io: Io, why: string): Promise<readonly ServiceObject[]> {
  const { readSavedServices } = await import('../sources/kube/saved-services.ts');
  const file = settings.stateFile;
  const saved = await readSavedServices(settings, { environment: io.environment }).catch((error: unknown) => {
    throw new UnavailableError(`${why}; and the state file ${file} ${messageOf(error)}`, { cause: error });
  });
  if (saved === undefined) throw new UnavailableError(`${why}; and there is no state file ${file}`);
  const since = new Date(saved.confirmedAt).toISOString();
  io.complain(printable(`${why}: these are the routes of the state file ${file}, stale since ${since}`));
  return saved.services;
}

function emptyCatalog(settings: SourceSettings): Catalog {
  return new Catalog({ ...settings, waitsFor: 'services' });
}

function catalogOf(services: readonly ServiceObject[], settings: SourceSettings): Catalog {
  const catalog = emptyCatalog(settings);
  catalog.replace(services);
  catalog.commit();
  return catalog;
}
