import { UnavailableError } from '../errors.ts';
import { printable } from '../formats/printable.ts';
import { createLogger } from '../observe/logger.ts';
import type { Settings } from '../settings/schema.ts';
import { Catalog } from '../sources/catalog.ts';
import { readManifests } from '../sources/manifest-files.ts';
import type { ServiceObject } from '../sources/service-object.ts';
import type { Io } from './io.ts';

/** The settings that say where Services are read from. */
export type SourceSettings = Pick<
  Settings,
  'source' | 'manifests' | 'kubeconfig' | 'context' | 'namespace' | 'selector' | 'allowExternalName' | 'logLevel'
>;

/**
 * Reads all Services of the source once. Manifests that cannot be used are complained of; what the others hold counts.
 * @throws KubeEntryError when the source cannot be read, with what to do about it
 */
export async function readSource(settings: SourceSettings, io: Io): Promise<Catalog> {
  if (settings.manifests !== '') {
    const { services, problems } = readManifests(settings.manifests);
    for (const { file, line, reason } of problems) io.complain(printable(`${file}:${line}: ${reason}`));
    return catalogOf(
      services.map(({ object }) => object),
      settings,
    );
  }
  if (settings.source === 'push') {
    throw new UnavailableError(
      'the source is push, so only a running instance knows its routes: ask it with GET /routes on its admin socket, or name another source with --manifests PATH or --source kube',
    );
  }
  // Loading the Kubernetes client takes longer than all the rest of the command.
  const { listServicesOnce } = await import('../sources/kube/list-once.ts');
  return catalogOf(
    await listServicesOnce(settings, { logger: createLogger(settings.logLevel), environment: io.environment }),
    settings,
  );
}

function catalogOf(services: readonly ServiceObject[], { allowExternalName }: SourceSettings): Catalog {
  const catalog = new Catalog({ allowExternalName, waitsFor: 'services' });
  catalog.replace(services);
  catalog.commit();
  return catalog;
}
