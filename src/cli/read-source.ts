import { UnavailableError } from '../errors.ts';
import type { Settings } from '../settings/schema.ts';
import { Catalog } from '../sources/catalog.ts';
import type { ManifestProblem } from '../sources/manifest-file.ts';
import { readManifests } from '../sources/manifest-files.ts';
import type { ServiceObject } from '../sources/service-object.ts';

export interface SourceReading {
  readonly catalog: Catalog;
  /** Manifests that could not be used; what the others hold is in the catalog. */
  readonly problems: readonly ManifestProblem[];
}

/** The settings that say where Services are read from. */
export type SourceSettings = Pick<
  Settings,
  'source' | 'manifests' | 'kubeconfig' | 'context' | 'namespace' | 'selector' | 'allowExternalName'
>;

/**
 * Reads all Services of the source once.
 * @throws KubeEntryError when it cannot be read, with what to do about it
 */
export async function readSource(settings: SourceSettings): Promise<SourceReading> {
  if (settings.manifests !== '') {
    const { services, problems } = readManifests(settings.manifests);
    return {
      catalog: catalogOf(
        services.map(({ object }) => object),
        settings,
      ),
      problems,
    };
  }
  if (settings.source === 'push') {
    throw new UnavailableError(
      'the source is push, so only a running instance knows its routes: ask it with GET /routes on its admin socket, or name another source with --manifests PATH or --source kube',
    );
  }
  // Loading the Kubernetes client takes longer than all the rest of the command.
  const { listServicesOnce } = await import('../sources/kube/list-once.ts');
  return { catalog: catalogOf(await listServicesOnce(settings), settings), problems: [] };
}

function catalogOf(services: readonly ServiceObject[], { allowExternalName }: SourceSettings): Catalog {
  const catalog = new Catalog({ allowExternalName, waitsFor: 'services' });
  catalog.replace(services);
  catalog.commit();
  return catalog;
}
