/** Which files a manifests path stands for, and what they hold together. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf, UnavailableError } from '../errors.ts';
import { fileProblem } from '../formats/system-error.ts';
import { readTextFile } from '../formats/text-file.ts';
import { serviceKey } from '../model/route.ts';
import { type ManifestContents, type ManifestProblem, NO_OBJECTS } from './manifest-contents.ts';
import { MAX_BYTES_READ_ONCE, readManifestText } from './manifest-file.ts';

/**
 * Reads a file of YAML or JSON, or those of a directory, once.
 * @throws UnavailableError when nothing can be read at the path
 */
export function readManifests(path: string, defaultNamespace = 'default'): ManifestContents {
  return mergeManifests(
    listManifests(path).map(file => {
      try {
        return readManifestText(readTextFile(file, MAX_BYTES_READ_ONCE), file, defaultNamespace);
      } catch (error) {
        return {
          ...NO_OBJECTS,
          problems: [{ file, line: 1, reason: `cannot be read: ${fileProblem(file, error)}` }],
          warnings: [],
        };
      }
    }),
  );
}

/** kubectl takes these, too. */
const MANIFEST_NAME = /^[^.].*\.(?:json|ya?ml)$/;

/**
 * The files a path stands for, in the order in which they count. Directories below are not entered; names that begin
 * with a dot are left out: kubelet's own `..data`, editors' swap files.
 * @throws UnavailableError when the path does not exist or cannot be listed
 */
export function listManifests(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    return readdirSync(path)
      .filter(name => MANIFEST_NAME.test(name))
      .sort()
      .map(name => join(path, name))
      .filter(isFile);
  } catch (error) {
    const reason = codeOf(error) === 'ENOENT' ? 'does not exist' : `cannot be read: ${fileProblem(path, error)}`;
    throw new UnavailableError(`${path} ${reason}: give a file of YAML or JSON, or a directory of them`, {
      cause: error,
    });
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
  const problems = files.flatMap(contents => contents.problems);
  const firstOf = <T extends Placed>(
    itemsOf: (contents: ManifestContents) => readonly T[],
    nameOf: (item: T) => string,
  ): readonly T[] => {
    const known = new Map<string, T>();
    for (const item of files.flatMap(itemsOf)) keepFirst(known, item, nameOf(item), problems);
    return [...known.values()];
  };
  return {
    services: firstOf(
      ({ services }) => services,
      ({ object }) => `Service ${serviceKey(object.metadata)}`,
    ),
    slices: firstOf(
      ({ slices }) => slices,
      ({ slice }) => `EndpointSlice ${serviceKey(slice.metadata)}`,
    ),
    secrets: firstOf(
      ({ secrets }) => secrets,
      ({ secret }) => `Secret ${serviceKey(secret.metadata)}`,
    ),
    ingresses: firstOf(
      ({ ingresses }) => ingresses,
      ({ ingress }) => `Ingress ${serviceKey(ingress.metadata)}`,
    ),
    ingressClasses: firstOf(
      ({ ingressClasses }) => ingressClasses,
      ({ ingressClass }) => `IngressClass ${ingressClass.metadata.name}`,
    ),
    configMaps: firstOf(
      ({ configMaps }) => configMaps,
      ({ configMap }) => `ConfigMap ${serviceKey(configMap.metadata)}`,
    ),
    gatewayObjects: firstOf(
      ({ gatewayObjects }) => gatewayObjects,
      ({ kind, object: { metadata } }) => `${kind} ${metadata.namespace === '' ? metadata.name : serviceKey(metadata)}`,
    ),
    problems,
    warnings: files.flatMap(({ warnings }) => warnings),
  };
}

interface Placed {
  readonly file: string;
  readonly line: number;
}

function keepFirst<T extends Placed>(
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
