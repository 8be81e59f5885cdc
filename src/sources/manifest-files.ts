/** Which files a manifests path stands for, and what they hold together. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, UnavailableError } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';
import { readTextFile } from '../formats/text-file.ts';
import { serviceKey } from '../model/route.ts';
import {
  MAX_MANIFEST_BYTES,
  type ManifestContents,
  type ManifestProblem,
  type ManifestSecret,
  type ManifestService,
  type ManifestSlice,
  readManifestText,
} from './manifest-file.ts';

/**
 * Reads a YAML file, or the `*.yaml` and `*.yml` files of a directory, once.
 * @throws UnavailableError when nothing can be read at the path
 */
export function readManifests(path: string, defaultNamespace = 'default'): ManifestContents {
  return mergeManifests(
    listManifests(path).map(file => {
      try {
        return readManifestText(readTextFile(file, MAX_MANIFEST_BYTES), file, defaultNamespace);
      } catch (error) {
        return {
          services: [],
          slices: [],
          secrets: [],
          problems: [{ file, line: 1, reason: `cannot be read: ${fileProblem(file, error)}` }],
          warnings: [],
        };
      }
    }),
  );
}

/**
 * The files a path stands for, in the order in which they count. Directories below are not entered; names that begin
 * with a dot are left out: kubelet's own `..data`, editors' swap files.
 * @throws UnavailableError when the path does not exist or cannot be listed
 */
export function listManifests(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter(name => /^[^.].*\.ya?ml$/.test(name))
      .sort()
      .map(name => join(path, name))
      .filter(isFile);
  } catch (error) {
    const reason = codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${fileProblem(path, error)}`;
    throw new UnavailableError(`${path} ${reason}: give a YAML file, or a directory of them`, { cause: error });
  }
}

/** True too for what cannot even be looked at, such as a link to itself: reading it will tell why. */
function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  } catch {
    return true;
  }
}

/** Puts files together, in their order: of two objects with one name the first counts and the second is reported. */
export function mergeManifests(files: readonly ManifestContents[]): ManifestContents {
  const services = new Map<string, ManifestService>();
  const slices = new Map<string, ManifestSlice>();
  const secrets = new Map<string, ManifestSecret>();
  const problems: ManifestProblem[] = [];
  for (const contents of files) {
    problems.push(...contents.problems);
    for (const service of contents.services) {
      keepFirst(services, service, `Service ${serviceKey(service.object.metadata)}`, problems);
    }
    for (const slice of contents.slices) {
      keepFirst(slices, slice, `EndpointSlice ${serviceKey(slice.slice.metadata)}`, problems);
    }
    for (const secret of contents.secrets) {
      keepFirst(secrets, secret, `Secret ${serviceKey(secret.secret.metadata)}`, problems);
    }
  }
  const warnings = files.flatMap(contents => contents.warnings);
  return {
    services: [...services.values()],
    slices: [...slices.values()],
    secrets: [...secrets.values()],
    problems,
    warnings,
  };
}

function keepFirst<T extends { readonly file: string; readonly line: number }>(
  known: Map<string, T>,
  object: T,
  name: string,
  problems: ManifestProblem[],
): void {
  const first = known.get(name);
  if (first === undefined) {
    known.set(name, object);
    return;
  }
  const { file, line } = object;
  problems.push({ file, line, reason: `${name} is already in ${first.file}:${first.line}: that one counts` });
}
