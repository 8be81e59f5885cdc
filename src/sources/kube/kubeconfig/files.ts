/** Which kubeconfig files there are, and what they say together. */
import { existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { codeOf, messageOf } from '../../../errors.ts';
import { readTextFile } from '../../../formats/text-file.ts';
import { BadKubeConfigError, NoKubeConfigError } from '../errors.ts';
import { type Kubeconfig, mergeKubeconfigs, readKubeconfig } from './kubeconfig.ts';

/** Those of hundreds of clusters, certificates and all, take less. */
const MAX_BYTES = 4 * 1024 * 1024;

export interface KubeconfigPlaces {
  /** The file that the settings name; empty when they name none. */
  readonly named: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The files that exist, each once. @throws NoKubeConfigError when no file exists */
export function kubeconfigFiles({ named, environment, home }: KubeconfigPlaces): readonly string[] {
  if (named !== '') return [named];
  const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter(file => file !== '');
  const candidates = listed.length > 0 ? [...new Set(listed)] : [join(home, '.kube', 'config')];
  const found = candidates.filter(file => existsSync(file));
  if (found.length > 0) return found;
  throw new NoKubeConfigError(
    `no way to a Kubernetes API: this is not a pod with a service account, and ${candidates.join(', ')} does not exist. Name a kubeconfig with --kubeconfig or $KUBECONFIG, or choose another source with --manifests or --source push`,
  );
}

/** @throws BadKubeConfigError that names the file */
export function loadKubeconfigs(files: readonly string[]): Kubeconfig {
  return mergeKubeconfigs(
    files.map(file => {
      try {
        return readKubeconfig(readTextFile(file, MAX_BYTES), file);
      } catch (error) {
        const reason = codeOf(error) === 'ENOENT' ? 'it does not exist' : messageOf(error);
        throw new BadKubeConfigError(`cannot use the kubeconfig ${file}: ${reason}`, { cause: error });
      }
    }),
  );
}

/** Differs when the content does; undefined while the file cannot be found. */
export function stampOf(file: string): string | undefined {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}
