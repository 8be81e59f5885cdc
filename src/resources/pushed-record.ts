import { isNothing, isObject } from './service-object.ts';

/**
 * What a record of ingress-nginx 0.25 says of how its requests are spread (internal/ingress/types.go). Only the shapes are
 * checked here: Go leaves empty fields out, or writes null.
 */
export interface PushedPolicy {
  /** `load-balance`; empty where it is not said. */
  readonly loadBalance: string;
  /** `sessionAffinityConfig.name`: `cookie`, or empty. */
  readonly affinity: string;
  /** `sessionAffinityConfig.cookieSessionAffinity`. */
  readonly cookie: { readonly name: string; readonly path: string; readonly expires: string; readonly maxage: string };
  /** `upstreamHashByConfig`. */
  readonly hash: { readonly by: string; readonly hasSubset: boolean; readonly subsetSize: number };
  /** `trafficShapingPolicy`: which requests this record takes from those that name it in `alternativeBackends`. */
  readonly shaping: TrafficShaping;
  readonly alternativeBackends: readonly string[];
  /** It serves no place of its own, and takes what others leave to it. */
  readonly noServer: boolean;
}

export interface TrafficShaping {
  /** Of a hundred requests, or of {@link weightTotal}. */
  readonly weight: number;
  /** 0 where it is not said. Versions behind 0.25 have it, and the pattern. */
  readonly weightTotal: number;
  readonly header: string;
  readonly headerValue: string;
  readonly headerPattern: string;
  readonly cookie: string;
}

/** A smaller total counts as this one. */
export const LEAST_TOTAL = 100;
const MAX_TOTAL = 1_000_000_000;
const DEFAULT_SUBSET_SIZE = 3;
/** As many endpoints as a record may have with its ten megabytes. */
const MAX_SUBSET_SIZE = 1_000_000;

/** A field that cannot be read. */
export class RecordProblem extends Error {}

/** @throws RecordProblem with the field and the reason */
export function readPolicy(record: Readonly<Record<string, unknown>>): PushedPolicy {
  const affinity = part(record, 'sessionAffinityConfig');
  const cookie = part(affinity, 'cookieSessionAffinity', 'sessionAffinityConfig.');
  const hash = part(record, 'upstreamHashByConfig');
  const shaping = part(record, 'trafficShapingPolicy');
  const weightTotal = count(shaping, 'weightTotal', MAX_TOTAL, 'trafficShapingPolicy.');
  const cookieText = (field: string): string => text(cookie, field, 'sessionAffinityConfig.cookieSessionAffinity.');
  const shapingText = (field: string): string => text(shaping, field, 'trafficShapingPolicy.');
  return {
    loadBalance: text(record, 'load-balance'),
    affinity: text(affinity, 'name', 'sessionAffinityConfig.'),
    cookie: {
      name: cookieText('name'),
      path: cookieText('path'),
      expires: cookieText('expires'),
      maxage: cookieText('maxage'),
    },
    hash: {
      by: text(hash, 'upstream-hash-by', 'upstreamHashByConfig.'),
      hasSubset: flag(hash, 'upstream-hash-by-subset', 'upstreamHashByConfig.'),
      subsetSize:
        count(hash, 'upstream-hash-by-subset-size', MAX_SUBSET_SIZE, 'upstreamHashByConfig.') || DEFAULT_SUBSET_SIZE,
    },
    shaping: {
      weight: count(shaping, 'weight', Math.max(weightTotal, LEAST_TOTAL), 'trafficShapingPolicy.'),
      weightTotal,
      header: shapingText('header'),
      headerValue: shapingText('headerValue'),
      headerPattern: shapingText('headerPattern'),
      cookie: shapingText('cookie'),
    },
    alternativeBackends: texts(record, 'alternativeBackends'),
    noServer: flag(record, 'noServer'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function part(fields: Fields, field: string, place = ''): Fields {
  const value = fields[field];
  if (isNothing(value)) return {};
  if (!isObject(value)) throw new RecordProblem(`${place}${field}: must be an object`);
  return value;
}

function text(fields: Fields, field: string, place = ''): string {
  const value = fields[field];
  if (isNothing(value)) return '';
  if (typeof value !== 'string') throw new RecordProblem(`${place}${field}: must be a string`);
  return value;
}

function flag(fields: Fields, field: string, place = ''): boolean {
  const value = fields[field];
  if (isNothing(value)) return false;
  if (typeof value !== 'boolean') throw new RecordProblem(`${place}${field}: must be true or false`);
  return value;
}

function count(fields: Fields, field: string, most: number, place: string): number {
  const value = fields[field];
  if (isNothing(value)) return 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new RecordProblem(`${place}${field}: must be a whole number from 0 to ${most}`);
}

function texts(fields: Fields, field: string): readonly string[] {
  const value = fields[field];
  if (isNothing(value)) return [];
  if (!Array.isArray(value)) throw new RecordProblem(`${field}: must be a list of names`);
  for (const [index, item] of value.entries()) {
    if (typeof item !== 'string') throw new RecordProblem(`${field}[${index}]: must be a string`);
  }
  return value as string[];
}
