/**
 * What a state file holds: a header line with the format's version and a checksum of all that follows, a line that says
 * where the Services were read from, and a line of JSON for each Service.
 */
import { createHash } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import { PREFIX } from '../../resources/annotation-prefix.ts';
import {
  fieldName,
  isObject,
  isShapeProblem,
  readService,
  type ServiceObject,
} from '../../resources/service-object.ts';
import { StateFileError } from './errors.ts';
import { type Origin, originDifference, readOrigin } from './origin.ts';

const VERSION = 1;
/** Services that are written in one go: a millisecond or two, after which others have their turn. */
const SLICE = 250;
const HEADER = /^kube-entry state (\d{1,9}) sha256:([0-9a-f]{64})\n/;
/** The header is shorter. */
const LONGEST_HEADER = 128;

/** Whether a Service may have a route, a refusal or a warning. Of the others nothing needs to be known. */
export function matters({ metadata }: ServiceObject): boolean {
  return Object.keys(metadata.annotations ?? {}).some(key => key.startsWith(PREFIX));
}

/** @param pause gives others their turn */
export async function encodeState(
  origin: Origin,
  services: readonly ServiceObject[],
  pause: () => Promise<void>,
): Promise<Buffer[]> {
  const chunks = [Buffer.from(`${JSON.stringify({ origin })}\n`)];
  for (let index = 0; index < services.length; index += SLICE) {
    const lines = services.slice(index, index + SLICE).map(service => `${JSON.stringify(withoutOthers(service))}\n`);
    chunks.push(Buffer.from(lines.join('')));
    await pause();
  }
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return [Buffer.from(`kube-entry state ${VERSION} sha256:${hash.digest('hex')}\n`), ...chunks];
}

/** @throws StateFileError that says, after the file's name, why it must not be used */
export function decodeState(content: Buffer, origin: Origin): ServiceObject[] {
  const [header, version, checksum] = HEADER.exec(content.toString('latin1', 0, LONGEST_HEADER)) ?? [];
  if (header === undefined) throw new StateFileError('is no state file of kube-entry');
  if (Number(version) !== VERSION) {
    throw new StateFileError(`has format ${version} of another version of kube-entry; this one reads ${VERSION}`);
  }
  const body = content.subarray(header.length);
  if (createHash('sha256').update(body).digest('hex') !== checksum) {
    throw new StateFileError('is damaged or cut short: its checksum is not that of its content');
  }
  const [first = '', ...lines] = body.toString('utf8').split('\n').slice(0, -1);
  const preface = parse(first, 2);
  const saved = isObject(preface) ? readOrigin(preface.origin) : undefined;
  if (saved === undefined) throw new StateFileError('does not say where its Services were read from');
  const difference = originDifference(saved, origin);
  if (difference !== undefined) throw new StateFileError(`was read from ${difference}`);
  return lines.map((line, index) => readLine(line, index + 3));
}

function readLine(line: string, number: number): ServiceObject {
  // It was written with a namespace: the default is one that no Service can have.
  const service = readService(parse(line, number), '');
  if (isShapeProblem(service)) {
    throw new StateFileError(`holds no Service in line ${number}: ${fieldName(service.path)} ${service.reason}`);
  }
  return service;
}

function parse(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new StateFileError(`holds no JSON in line ${number}: ${messageOf(error)}`);
  }
}

/** Annotations of other programs are left out: they have no effect here, and may be long, because kubectl keeps whole manifests there. */
function withoutOthers({ metadata, spec }: ServiceObject): ServiceObject {
  const own = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.startsWith(PREFIX));
  return { metadata: { ...metadata, annotations: Object.fromEntries(own) }, spec };
}
