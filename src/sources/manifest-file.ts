/** Reads the Services, EndpointSlices and Secrets of one YAML text. Pure: the files are found and watched elsewhere. */
import { isYamlProblem, readYaml, type YamlDocument } from '../formats/yaml.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import { type EndpointSlice, readEndpointSlice } from '../resources/endpoint-slice.ts';
import { SERVICE_NAME_LABEL, sliceProblems } from '../resources/endpoint-slice-shape.ts';
import { readSecret, readSecretMetadata, type Secret } from '../resources/secret.ts';
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

export interface ManifestSlice {
  readonly slice: EndpointSlice;
  readonly file: string;
  /** The first line of the object. */
  readonly line: number;
}

export interface ManifestSecret {
  readonly secret: Secret;
  readonly type: string;
  readonly file: string;
  /** The first line of the object. */
  readonly line: number;
}

export interface ManifestContents {
  readonly services: readonly ManifestService[];
  readonly slices: readonly ManifestSlice[];
  readonly secrets: readonly ManifestSecret[];
  readonly problems: readonly ManifestProblem[];
  /** What is likely a mistake and keeps no object from being read. */
  readonly warnings: readonly ManifestProblem[];
}

/** Reads every Service, EndpointSlice and Secret of a stream of documents and of the Lists in it, and passes over other kinds. */
export function readManifestText(text: string, file: string, defaultNamespace: string): ManifestContents {
  const services: ManifestService[] = [];
  const slices: ManifestSlice[] = [];
  const secrets: ManifestSecret[] = [];
  const warnings: ManifestProblem[] = [];
  const found: ManifestProblem[] = [];
  for (const document of readYaml(text)) {
    if (isYamlProblem(document)) {
      found.push({ file, line: document.line, reason: withoutSecrets(document.reason) });
      continue;
    }
    for (const item of readObject({ document, file, defaultNamespace, place: [] }, document.value)) {
      if ('object' in item) services.push(item);
      else if ('slice' in item) slices.push(item);
      else if ('secret' in item) secrets.push(item);
      else if ('warning' in item) warnings.push(item.warning);
      else found.push(item);
    }
    if (found.length < MAX_PROBLEMS) continue;
    found.splice(MAX_PROBLEMS);
    found.push({ file, line: document.line, reason: `${MAX_PROBLEMS} problems or more: the rest is not read` });
    break;
  }
  return { services, slices, secrets, problems: found.sort((a, b) => a.line - b.line), warnings };
}

/** What the parser says of broken YAML quotes the text around the fault, which may be a key in base64. */
function withoutSecrets(reason: string): string {
  return reason.replace(/[A-Za-z0-9+/=]{24,}/g, '…');
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

const DISCOVERY = 'discovery.k8s.io/';

/** Lists, and what their items leave out because the list's own kind says it. */
const LISTS: ReadonlyMap<string, object> = new Map([
  ['v1 List', {}],
  ['v1 ServiceList', { apiVersion: 'v1', kind: 'Service' }],
  ['v1 SecretList', { apiVersion: 'v1', kind: 'Secret' }],
  [`${DISCOVERY}v1 EndpointSliceList`, { apiVersion: `${DISCOVERY}v1`, kind: 'EndpointSlice' }],
]);

type Found = Generator<ManifestService | ManifestSlice | ManifestSecret | ManifestProblem | ManifestWarning>;

function* readObject(where: Place, value: unknown): Found {
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
  // With the group: others have a Service or a List of their own, such as serving.knative.dev/v1.
  const kind = `${String(value.apiVersion)} ${String(value.kind)}`;
  const implied = LISTS.get(kind);
  if (implied !== undefined) yield* readItems(where, value, implied);
  else if (kind === 'v1 Service') yield* readServiceObject(where, value);
  else if (kind === `${DISCOVERY}v1 EndpointSlice`) yield* readSliceObject(where, value);
  else if (kind === 'v1 Secret') yield* readSecretObject(where, value);
  else if (kind.startsWith(DISCOVERY) && value.kind === 'EndpointSlice') {
    const reason = `${String(value.apiVersion)} is not read: write apiVersion: ${DISCOVERY}v1`;
    yield { warning: problemAt(where, ['apiVersion'], reason) };
  } else yield* misplacedAnnotations(where, value);
}

/** @param implied what an item may leave out */
function* readItems(where: Place, list: Record<string, unknown>, implied: object): Found {
  const items = list.items ?? [];
  if (!Array.isArray(items)) {
    yield problemAt(where, ['items'], 'items must be a list');
    return;
  }
  for (const [index, item] of (items as unknown[]).entries()) {
    const object = isObject(item) ? { ...implied, ...item } : item;
    yield* readObject({ ...where, place: [...where.place, 'items', index] }, object);
  }
}

function* readServiceObject(where: Place, value: unknown): Found {
  const object = readService(value, where.defaultNamespace);
  if (!isShapeProblem(object)) {
    yield locate(where, object);
    return;
  }
  for (const { path, reason } of shapeProblems(value, where.defaultNamespace)) {
    yield problemAt(where, path, `${fieldName(path)} ${reason}`);
  }
}

function* readSliceObject(where: Place, value: unknown): Found {
  const slice = readEndpointSlice(value, where.defaultNamespace);
  if (isShapeProblem(slice)) {
    for (const { path, reason } of sliceProblems(value, where.defaultNamespace)) {
      yield problemAt(where, path, `${fieldName(path)} ${reason}`);
    }
    return;
  }
  yield { slice, file: where.file, line: where.document.lineOf(where.place) };
  if (slice.service !== '') return;
  const reason = `EndpointSlice ${slice.metadata.name} belongs to no Service: it has no label ${SERVICE_NAME_LABEL}`;
  yield { warning: problemAt(where, ['metadata'], reason) };
}

/** Secrets of which nothing is of use here are passed over. */
function* readSecretObject(where: Place, value: Record<string, unknown>): Found {
  const metadata = readSecretMetadata(value.metadata, where.defaultNamespace);
  const secret = isShapeProblem(metadata) ? metadata : readSecret(value, metadata);
  if (isShapeProblem(secret)) {
    yield problemAt(where, secret.path, `${fieldName(secret.path)} ${secret.reason}`);
    return;
  }
  const type = typeof value.type === 'string' ? value.type : '';
  yield { secret, type, file: where.file, line: where.document.lineOf(where.place) };
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
