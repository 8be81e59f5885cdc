/** Reads the objects of one YAML text. Pure: the files are found and watched elsewhere. */
import { FormatError } from '../errors.ts';
import { parseJson } from '../formats/json.ts';
import { isYamlProblem, readYaml, type YamlDocument, type YamlProblem } from '../formats/yaml.ts';
import { yamlDocuments } from '../formats/yaml-parts.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import { readConfigMap } from '../resources/config-map.ts';
import { readEndpointSlice } from '../resources/endpoint-slice.ts';
import { SERVICE_NAME_LABEL, sliceProblems } from '../resources/endpoint-slice-shape.ts';
import { GATEWAY_KIND_NAMES, GATEWAY_KINDS, readGatewayObject } from '../resources/gateway/gateway-kinds.ts';
import { GATEWAY_GROUP, type GatewayKind } from '../resources/gateway/gateway-object.ts';
import { readIngress, readIngressClass } from '../resources/ingress-object.ts';
import { readSecret, readSecretMetadata } from '../resources/secret.ts';
import {
  fieldName,
  isObject,
  isShapeProblem,
  readService,
  type ShapeProblem,
  shapeProblems,
} from '../resources/service-object.ts';
import type { Gathered, ManifestContents, ManifestProblem } from './manifest-contents.ts';

/** Reads the objects of a stream of documents and of the Lists in it, and passes over kinds that are of no use here. */
export function readManifestText(text: string, file: string, defaultNamespace: string): ManifestContents {
  const found: Gathered<ManifestContents> = {
    services: [],
    slices: [],
    secrets: [],
    ingresses: [],
    ingressClasses: [],
    configMaps: [],
    gatewayObjects: [],
    problems: [],
    warnings: [],
  };
  const { problems } = found;
  for (const document of isDump(text) ? jsonDocuments(text) : readYaml(text)) {
    if (isYamlProblem(document)) {
      problems.push({ file, line: document.line, reason: withoutSecrets(document.reason) });
      continue;
    }
    readObject({ document, file, defaultNamespace, place: [], found }, document.value);
    if (problems.length < MAX_PROBLEMS) continue;
    problems.splice(MAX_PROBLEMS);
    problems.push({ file, line: document.line, reason: `${MAX_PROBLEMS} problems or more: the rest is not read` });
    break;
  }
  return { ...found, problems: problems.sort((a, b) => a.line - b.line) };
}

/** A long text of JSON, as `kubectl get --output json` writes it. */
function isDump(text: string): boolean {
  return text.length > MOST_YAML_OF_JSON && /^\s*\{/.test(text);
}

/**
 * JSON is YAML, too, and read in a tenth of the time as what it is; where a value stands is not known then. Documents are separated
 * as those of YAML are: no string of JSON holds a line break.
 */
function* jsonDocuments(text: string): Generator<YamlDocument | YamlProblem> {
  for (const { text: document, line } of yamlDocuments(text)) {
    const content = document.replace(/^---/, '').trimStart();
    const before = document.slice(0, document.length - content.length);
    if (content !== '') yield jsonDocument(content, line + before.split('\n').length - 1);
  }
}

/** @param line of its first character in the file */
function jsonDocument(text: string, line: number): YamlDocument | YamlProblem {
  try {
    return { value: parseJson(text), line, lineOf: () => line, linesOf: () => new Map() };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { line, reason: error.message };
  }
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
  /** Where it goes. */
  readonly found: Gathered<ManifestContents>;
}

/** Of one file: reading it holds up everything else that the control plane does. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Of one file that a command reads once: as much as a string of Node may have. */
export const MAX_BYTES_READ_ONCE = 256 * 1024 * 1024;

/** People write no JSON that is longer. */
const MOST_YAML_OF_JSON = 1024 * 1024;

/** Of one file: a person mends the first of them and asks again. */
const MAX_PROBLEMS = 100;

const DISCOVERY = 'discovery.k8s.io/';
const NETWORKING = 'networking.k8s.io/';

/** Lists, and what their items leave out because the list's own kind says it. */
const LISTS: ReadonlyMap<string, object> = new Map([
  ['v1 List', {}],
  ['v1 ServiceList', { apiVersion: 'v1', kind: 'Service' }],
  ['v1 SecretList', { apiVersion: 'v1', kind: 'Secret' }],
  ['v1 ConfigMapList', { apiVersion: 'v1', kind: 'ConfigMap' }],
  [`${DISCOVERY}v1 EndpointSliceList`, { apiVersion: `${DISCOVERY}v1`, kind: 'EndpointSlice' }],
  [`${NETWORKING}v1 IngressList`, { apiVersion: `${NETWORKING}v1`, kind: 'Ingress' }],
  [`${NETWORKING}v1 IngressClassList`, { apiVersion: `${NETWORKING}v1`, kind: 'IngressClass' }],
  ...gatewayNames().map(({ apiVersion, kind }) => [`${apiVersion} ${kind}List`, { apiVersion, kind }] as const),
]);

const READERS: ReadonlyMap<string, (where: Place, value: Record<string, unknown>) => void> = new Map([
  ['v1 Service', readServiceObject],
  ['v1 Secret', readSecretObject],
  ['v1 ConfigMap', readConfigMapObject],
  [`${DISCOVERY}v1 EndpointSlice`, readSliceObject],
  [`${NETWORKING}v1 Ingress`, readIngressObject],
  [`${NETWORKING}v1 IngressClass`, readIngressClassObject],
  ...gatewayNames().map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, gatewayReader(kind)] as const),
]);

/** Versions of before, and what to write instead. */
const EARLIER: readonly (readonly [group: string, kind: string, present: string])[] = [
  [DISCOVERY, 'EndpointSlice', `${DISCOVERY}v1`],
  [NETWORKING, 'Ingress', `${NETWORKING}v1`],
  [NETWORKING, 'IngressClass', `${NETWORKING}v1`],
  ['extensions/', 'Ingress', `${NETWORKING}v1`],
  ...GATEWAY_KIND_NAMES.map(kind => [`${GATEWAY_GROUP}/`, kind, `${GATEWAY_GROUP}/v1`] as const),
];

function readObject(where: Place, value: unknown): void {
  if (!isObject(value)) {
    complain(where, [], 'is not a Kubernetes object: it must be a mapping with apiVersion and kind');
    return;
  }
  const { apiVersion, kind } = value;
  for (const [field, text] of Object.entries({ apiVersion, kind })) {
    // Forgotten or misspelt, it would make a Service disappear without a word.
    if (typeof text === 'string') continue;
    complain(where, [field], `${field} is missing or not a string`);
    return;
  }
  // With the group: others have a Service or a List of their own, such as serving.knative.dev/v1.
  const name = `${String(apiVersion)} ${String(kind)}`;
  const implied = LISTS.get(name);
  const read = READERS.get(name);
  const earlier = EARLIER.find(([group, old]) => kind === old && String(apiVersion).startsWith(group));
  if (implied !== undefined) readItems(where, value, implied);
  else if (read !== undefined) read(where, value);
  else if (earlier !== undefined) {
    const [, , present] = earlier;
    warn(where, ['apiVersion'], `${String(apiVersion)} is not read: write apiVersion: ${present}`);
  } else misplacedAnnotations(where, value);
}

/** @param implied what an item may leave out */
function readItems(where: Place, list: Record<string, unknown>, implied: object): void {
  const items = list.items ?? [];
  if (!Array.isArray(items)) {
    complain(where, ['items'], 'items must be a list');
    return;
  }
  for (const [index, item] of (items as unknown[]).entries()) {
    const object = isObject(item) ? { ...implied, ...item } : item;
    readObject({ ...where, place: [...where.place, 'items', index] }, object);
  }
}

function readServiceObject(where: Place, value: unknown): void {
  const object = readService(value, where.defaultNamespace);
  if (isShapeProblem(object)) complainOfAll(where, shapeProblems(value, where.defaultNamespace));
  else where.found.services.push({ object, ...annotatedPlace(where) });
}

function readSliceObject(where: Place, value: unknown): void {
  const slice = readEndpointSlice(value, where.defaultNamespace);
  if (isShapeProblem(slice)) {
    complainOfAll(where, sliceProblems(value, where.defaultNamespace));
    return;
  }
  where.found.slices.push({ slice, ...objectPlace(where) });
  if (slice.service !== '') return;
  const reason = `EndpointSlice ${slice.metadata.name} belongs to no Service: it has no label ${SERVICE_NAME_LABEL}`;
  warn(where, ['metadata'], reason);
}

/** Secrets of which nothing is of use here are passed over. */
function readSecretObject(where: Place, value: Record<string, unknown>): void {
  const metadata = readSecretMetadata(value.metadata, where.defaultNamespace);
  const secret = isShapeProblem(metadata) ? metadata : readSecret(value, metadata);
  if (isShapeProblem(secret)) {
    complainOfAll(where, [secret]);
    return;
  }
  const type = typeof value.type === 'string' ? value.type : '';
  where.found.secrets.push({ secret, type, ...objectPlace(where) });
}

function readIngressObject(where: Place, value: unknown): void {
  const ingress = readIngress(value, where.defaultNamespace);
  if (isShapeProblem(ingress)) complainOfAll(where, [ingress]);
  else where.found.ingresses.push({ ingress, ...annotatedPlace(where) });
}

function readIngressClassObject(where: Place, value: unknown): void {
  const ingressClass = readIngressClass(value);
  if (isShapeProblem(ingressClass)) complainOfAll(where, [ingressClass]);
  else where.found.ingressClasses.push({ ingressClass, ...objectPlace(where) });
}

function readConfigMapObject(where: Place, value: unknown): void {
  const configMap = readConfigMap(value, where.defaultNamespace);
  if (isShapeProblem(configMap)) complainOfAll(where, [configMap]);
  else where.found.configMaps.push({ configMap, ...linesAt(where, ['data']) });
}

/** Each kind under each version that is read. */
function gatewayNames(): { readonly apiVersion: string; readonly kind: GatewayKind }[] {
  return GATEWAY_KIND_NAMES.flatMap(kind => {
    const { group, versions } = GATEWAY_KINDS[kind];
    return versions.map(version => ({ apiVersion: group === '' ? version : `${group}/${version}`, kind }));
  });
}

function gatewayReader(kind: GatewayKind) {
  return (where: Place, value: Record<string, unknown>): void => {
    const object = readGatewayObject(kind, value, where.defaultNamespace);
    if (isShapeProblem(object)) complainOfAll(where, [object]);
    else where.found.gatewayObjects.push({ kind, object, ...annotatedPlace(where) });
    if (kind === 'Namespace') misplacedAnnotations(where, value);
  };
}

/** A workload is often annotated where its Service should be. */
function misplacedAnnotations(where: Place, value: Record<string, unknown>): void {
  const places = [
    ['metadata', 'annotations'],
    ['spec', 'template', 'metadata', 'annotations'],
  ];
  for (const path of places) {
    const annotations = path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
    const key = isObject(annotations) ? Object.keys(annotations).find(name => name.startsWith(PREFIX)) : undefined;
    if (key === undefined) continue;
    warn(where, [...path, key], `${key} has no effect on ${value.kind}: annotate the Service instead`);
  }
}

function objectPlace({ document, file, place }: Place): { file: string; line: number } {
  return { file, line: document.lineOf(place) };
}

function annotatedPlace(where: Place): ReturnType<typeof linesAt> {
  return linesAt(where, ['metadata', 'annotations']);
}

/** @param path of a mapping, whose lines are told later by its keys */
function linesAt({ document, file, place }: Place, path: Path) {
  const line = document.lineOf(place);
  // Told now: the document takes much more memory than what is kept of it.
  const lines = document.linesOf([...place, ...path]);
  return { file, line, lineOf: (key: string): number => lines.get(key) ?? line };
}

function complainOfAll(where: Place, problems: Iterable<ShapeProblem>): void {
  for (const { path, reason } of problems) complain(where, path, `${fieldName(path)} ${reason}`);
}

function complain(where: Place, path: Path, reason: string): void {
  where.found.problems.push(problemAt(where, path, reason));
}

function warn(where: Place, path: Path, reason: string): void {
  where.found.warnings.push(problemAt(where, path, reason));
}

function problemAt({ document, file, place }: Place, path: Path, reason: string): ManifestProblem {
  return { file, line: document.lineOf([...place, ...path]), reason };
}
