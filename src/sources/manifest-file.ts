/** Reads the Services of one YAML text. Pure: the files are found and watched elsewhere. */
import { isYamlProblem, readYaml, type YamlDocument } from '../formats/yaml.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import {
  fieldName,
  isObject,
  isShapeProblem,
  readService,
  type ServiceObject,
  shapeProblems,
} from '../resources/service-object.ts';

/** A place in the text of a manifest that cannot be read: bad YAML, or an object of the wrong shape. */
export interface ManifestProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly reason: string;
}

export interface ManifestService {
  readonly object: ServiceObject;
  readonly file: string;
  /** The first line of the object. */
  readonly line: number;
  /** The line of an annotation, given by its full key; of the object when it has no such annotation. */
  lineOf(annotation: string): number;
}

export interface ManifestContents {
  readonly services: readonly ManifestService[];
  readonly problems: readonly ManifestProblem[];
  /** What is likely a mistake and keeps no Service from being read. */
  readonly warnings: readonly ManifestProblem[];
}

/** Reads every v1 Service of a stream of documents and of the Lists in it; objects of other kinds are passed over. */
export function readManifestText(text: string, file: string, defaultNamespace: string): ManifestContents {
  const services: ManifestService[] = [];
  const warnings: ManifestProblem[] = [];
  const found: ManifestProblem[] = [];
  for (const document of readYaml(text)) {
    if (isYamlProblem(document)) {
      found.push({ file, ...document });
      continue;
    }
    for (const item of readObject({ document, file, defaultNamespace, place: [] }, document.value)) {
      if ('object' in item) services.push(item);
      else if ('warning' in item) warnings.push(item.warning);
      else found.push(item);
    }
    if (found.length < MAX_PROBLEMS) continue;
    found.splice(MAX_PROBLEMS);
    found.push({ file, line: document.line, reason: `${MAX_PROBLEMS} problems or more: the rest is not read` });
    break;
  }
  return { services, problems: found.sort((a, b) => a.line - b.line), warnings };
}

type Path = readonly (string | number)[];

interface Place {
  readonly document: YamlDocument;
  readonly file: string;
  readonly defaultNamespace: string;
  /** Where the object is in the document: within Lists. */
  readonly place: Path;
}

interface ManifestWarning {
  readonly warning: ManifestProblem;
}

/** Of one file: reading it holds up everything else that the control plane does. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Of one file: a person mends the first of them and asks again. */
const MAX_PROBLEMS = 100;

const SERVICE = { apiVersion: 'v1', kind: 'Service' } as const;

function* readObject(where: Place, value: unknown): Generator<ManifestService | ManifestProblem | ManifestWarning> {
  if (!isObject(value)) {
    yield problemAt(where, [], 'is not a Kubernetes object: it must be a mapping with apiVersion and kind');
    return;
  }
  for (const field of ['apiVersion', 'kind'] as const) {
    // Forgotten or misspelt, it would make a Service disappear without a word.
    if (typeof value[field] === 'string') continue;
    yield problemAt(where, [field], `${field} is missing or not a string`);
    return;
  }
  // Other API groups have a Service or a List of their own, such as serving.knative.dev/v1.
  if (value.apiVersion !== 'v1') {
    yield* misplacedAnnotations(where, value);
  } else if (value.kind === 'List' || value.kind === 'ServiceList') {
    const items = value.items ?? [];
    if (!Array.isArray(items)) {
      yield problemAt(where, ['items'], 'items must be a list');
      return;
    }
    for (const [index, item] of (items as unknown[]).entries()) {
      // The items of a typed list, as the API answers with, leave out what the list's own kind says.
      const object = value.kind === 'ServiceList' && isObject(item) ? { ...SERVICE, ...item } : item;
      yield* readObject({ ...where, place: [...where.place, 'items', index] }, object);
    }
  } else if (value.kind === 'Service') {
    const object = readService(value, where.defaultNamespace);
    if (!isShapeProblem(object)) {
      yield locate(where, object);
      return;
    }
    for (const { path, reason } of shapeProblems(value, where.defaultNamespace)) {
      yield problemAt(where, path, `${fieldName(path)} ${reason}`);
    }
  } else {
    yield* misplacedAnnotations(where, value);
  }
}

/** A workload or an Ingress is often annotated where its Service should be. */
function* misplacedAnnotations(where: Place, value: Record<string, unknown>): Generator<ManifestWarning> {
  const places = [
    ['metadata', 'annotations'],
    ['spec', 'template', 'metadata', 'annotations'],
  ];
  for (const path of places) {
    const annotations = path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
    const key = isObject(annotations) ? Object.keys(annotations).find(name => name.startsWith(PREFIX)) : undefined;
    if (key === undefined) continue;
    const reason = `${key} has no effect on ${value.kind}: annotate the Service instead`;
    yield { warning: problemAt(where, [...path, key], reason) };
  }
}

function locate({ document, file, place }: Place, object: ServiceObject): ManifestService {
  const line = document.lineOf(place);
  // Told now: the document takes much more memory than what is kept of it.
  const lines = document.linesOf([...place, 'metadata', 'annotations']);
  const lineOf = (annotation: string): number => lines.get(annotation) ?? line;
  return { object, file, line, lineOf };
}

function problemAt({ document, file, place }: Place, path: Path, reason: string): ManifestProblem {
  return { file, line: document.lineOf([...place, ...path]), reason };
}
