/** Kubernetes' and etcd's programs for the tests: where `npm run test:assets` puts them, and what to do where they are missing. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The Go module that names their versions. */
export const ASSETS_MODULE = join(import.meta.dirname, '../assets');

const NEEDED = ['kube-apiserver', 'etcd'];

/** Programs that are not there. The message says how to get them. */
export class MissingAssetsError extends Error {}

/** A folder for what is built of the module as it is now: other versions have another folder. */
export function builtAssets(): string {
  return builtFrom(ASSETS_MODULE, ['go.mod', 'go.sum']);
}

/** The folder for what is built of a Go module. @param files that decide what is built */
export function builtFrom(module: string, files: readonly string[]): string {
  const { XDG_CACHE_HOME = join(homedir(), '.cache') } = process.env;
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(module, file)));
  return join(XDG_CACHE_HOME, 'kube-entry/test-assets', hash.digest('hex').slice(0, 12));
}

/**
 * The folder with kube-apiserver and etcd: KUBEBUILDER_ASSETS (the convention of controller-runtime's envtest) where that is
 * set, else what was built.
 * @throws MissingAssetsError
 */
export function assetsFolder(): string {
  const { KUBEBUILDER_ASSETS } = process.env;
  const folder = KUBEBUILDER_ASSETS ?? builtAssets();
  const missing = NEEDED.filter(program => !existsSync(join(folder, program)));
  if (missing.length === 0) return folder;
  throw new MissingAssetsError(
    KUBEBUILDER_ASSETS === undefined
      ? 'This needs a real kube-apiserver and etcd: build them with `npm run test:assets` (needs Go; it takes ' +
          'minutes, once), or set KUBEBUILDER_ASSETS to a folder that holds both.'
      : `KUBEBUILDER_ASSETS is ${KUBEBUILDER_ASSETS}, which has no ${missing.join(' and no ')}.`,
  );
}

/** Whether Kubernetes' controllers are there: a folder of KUBEBUILDER_ASSETS need not have them. */
export function hasControllers(): boolean {
  return existsSync(join(assetsFolder(), 'kube-controller-manager'));
}
