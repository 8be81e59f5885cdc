import { isIP } from 'node:net';
import { z } from 'zod';
import { FormatError, messageOf } from '../errors.ts';
import { AddressRanges } from '../formats/address-ranges.ts';
import { formatDuration, parseDuration } from '../formats/duration.ts';
import { isHostName } from '../formats/host-name.ts';
import { checkLabelSelector } from '../formats/label-selector.ts';
import { formatListenAddress, type ListenAddress, parseListenAddress } from '../formats/listen-address.ts';
import { checkNamespace } from '../formats/namespace.ts';
import { checkRedisUrl, maskRedisUrl } from '../formats/redis-url.ts';
import { formatSize, parseSize } from '../formats/size.ts';
import type { Balance } from '../model/cluster.ts';
import type { ServiceRef } from '../model/route.ts';
import { notOneOf } from '../text/one-of.ts';
import { quote } from '../text/quote.ts';
import { formatBalance, parseBalance } from '../translate/balance/balance.ts';

/** How the values of a setting are written: in flags and environment as text, in YAML and JSON also as their own type. */
export interface Kind<T> {
  readonly schema: z.ZodType<T, unknown>;
  /** The value as the config file would have it. */
  readonly write: (value: T) => string | number | boolean | readonly string[];
  /** The placeholder in `--help`; a switch has none. */
  readonly placeholder: string;
  /** A list gathers repeated flags and comma-separated values. */
  readonly isList: boolean;
  /** A switch may be given without a value, and as `--no-…`. */
  readonly isSwitch: boolean;
}

const scalar = z.union([z.string(), z.number()], 'must be a string or a number').transform(String);

function kind<T>(
  placeholder: string,
  read: (text: string) => T,
  write: (value: T) => string | number,
  check?: (value: T) => string | undefined,
): Kind<T> {
  const schema = scalar.transform((text, context) => {
    try {
      const value = read(text);
      const objection = check?.(value);
      if (objection === undefined) return value;
      context.addIssue(objection);
    } catch (error) {
      context.addIssue(messageOf(error));
    }
    return z.NEVER;
  });
  return { schema, write, placeholder, isList: false, isSwitch: false };
}

const atLeastOne = (milliseconds: number) => (milliseconds > 0 ? undefined : 'must be longer than zero');

/** A time limit: never zero, which would mean "at once". */
export const timeout: Kind<number> = kind('DURATION', parseDuration, formatDuration, atLeastOne);

/** A span of time that may be nothing. */
export const duration: Kind<number> = kind('DURATION', parseDuration, formatDuration);

export const size: Kind<number> = kind('SIZE', parseSize, formatSize);

export const listenAddress: Kind<ListenAddress> = kind('ADDR:PORT', parseListenAddress, formatListenAddress);

/** Empty: there is no such listener. */
export const optionalListenAddress: Kind<ListenAddress | undefined> = kind(
  'ADDR:PORT',
  value => (value === '' ? undefined : parseListenAddress(value)),
  value => (value === undefined ? '' : formatListenAddress(value)),
);

/** An object in a namespace; empty: none. */
export const objectName: Kind<ServiceRef | undefined> = kind('NAMESPACE/NAME', readObjectName, value =>
  value === undefined ? '' : `${value.namespace}/${value.name}`,
);

export const balance: Kind<Balance> = kind('POLICY', parseBalance, formatBalance);

export const text: Kind<string> = kind(
  'TEXT',
  value => value,
  value => value,
);

/** Empty: there is none. What is shown of it has no password. */
export const redisUrl: Kind<string> = kind('URL', value => (value === '' ? value : checkRedisUrl(value)), maskRedisUrl);

export const filePath: Kind<string> = { ...text, placeholder: 'PATH' };

export function count(least: number, most: number): Kind<number> {
  const range = `must be a whole number from ${least} to ${most}`;
  const schema = scalar.transform((value, context) => {
    const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= least && number <= most) return number;
    context.addIssue(range);
    return z.NEVER;
  });
  return { schema, write: value => value, placeholder: 'N', isList: false, isSwitch: false };
}

/** A part of a whole that is not nothing: `33%`, or the number alone. */
export const percent: Kind<number> = kind(
  'PERCENT',
  value => {
    const [, digits] = /^(\d{1,3}) ?%?$/.exec(value) ?? [];
    return Number(digits);
  },
  value => `${value}%`,
  value => (value >= 1 && value <= 100 ? undefined : 'must be a percentage from 1% to 100%'),
);

export function choice<const T extends string>(...values: readonly T[]): Kind<T> {
  const schema = z.enum(values as [T, ...T[]], { error: ({ input }) => notOneOf(input, values) });
  return { schema, write: value => value, placeholder: values.join('|'), isList: false, isSwitch: false };
}

const SWITCH = new Map<unknown, boolean>([
  ['on', true],
  ['true', true],
  [true, true],
  ['off', false],
  ['false', false],
  [false, false],
]);

/** nginx says on and off, YAML true and false: both are taken. */
export const onOff: Kind<boolean> = {
  schema: z.unknown().transform((value, context) => {
    const state = SWITCH.get(value);
    if (state !== undefined) return state;
    context.addIssue('must be on or off');
    return z.NEVER;
  }),
  write: value => value,
  placeholder: '',
  isList: false,
  isSwitch: true,
};

/** A list, comma separated in a text. */
export const list: Kind<readonly string[]> = {
  schema: z
    .union([z.string(), z.array(z.string())], 'must be a list or a comma-separated string')
    .transform(value => (typeof value === 'string' ? value.split(',') : value))
    .transform(items => items.map(item => item.trim()).filter(item => item !== '')),
  write: value => value,
  placeholder: 'TEXT,…',
  isList: true,
  isSwitch: false,
};

/** A list whose every item is checked. @param check throws FormatError */
function checkedList(placeholder: string, check: (item: string) => void): Kind<readonly string[]> {
  const schema = list.schema.transform((items, context) => {
    for (const item of items) {
      try {
        check(item);
      } catch (error) {
        context.addIssue(messageOf(error));
      }
    }
    return items;
  });
  return { ...list, placeholder, schema };
}

export const namespaces: Kind<readonly string[]> = checkedList('NAMESPACE,…', checkNamespace);

/** Where a load balancer can be reached: what the API server takes in a status. */
export const addresses: Kind<readonly string[]> = checkedList('ADDRESS,…', item => {
  if (isIP(item) !== 0 || (isHostName(item) && /^[-.a-z0-9]+[a-z0-9]$/.test(item))) return;
  throw new FormatError(`${quote(item)} is neither an IP address nor a DNS name in lower case`);
});

/** Addresses of this machine or of the network, without a port. */
export const ipAddresses: Kind<readonly string[]> = checkedList('ADDRESS,…', item => {
  if (isIP(item) === 0) throw new FormatError(`${quote(item)} is not an IP address`);
});

/** Numbers of ports, both ends included. */
export const portRange: Kind<{ readonly first: number; readonly last: number }> = kind(
  'FIRST-LAST',
  value => {
    const [, first = '', last = ''] = /^(\d{1,5})-(\d{1,5})$/.exec(value) ?? [];
    const range = { first: Number(first), last: Number(last) };
    if (first !== '' && range.first >= 1 && range.first <= range.last && range.last <= 65_535) return range;
    throw new FormatError(`${quote(value)} must be two ports, the smaller one first, as in "20000-20999"`);
  },
  ({ first, last }) => `${first}-${last}`,
);

/** The name of a Gateway controller, as the API server takes it in a GatewayClass; empty: none. */
export const controllerName: Kind<string> = kind(
  'DOMAIN/PATH',
  value => {
    if (value === '' || (value.length <= 253 && CONTROLLER_NAME.test(value))) return value;
    throw new FormatError(`${quote(value)} must be a domain and a path, as in "kube-entry.io/gateway"`);
  },
  String,
);

const CONTROLLER_NAME =
  /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

export const labelSelector: Kind<string> = kind(
  'SELECTOR',
  value => {
    checkLabelSelector(value);
    return value;
  },
  value => value,
);

export const addressRanges: Kind<readonly string[]> = {
  ...list,
  placeholder: 'CIDR,…',
  schema: list.schema.transform((ranges, context) => {
    try {
      return new AddressRanges(ranges).ranges;
    } catch (error) {
      context.addIssue(messageOf(error));
      return z.NEVER;
    }
  }),
};

function readObjectName(text: string): ServiceRef | undefined {
  if (text === '') return undefined;
  const [, namespace = '', name = ''] = /^([^/]+)\/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)$/.exec(text) ?? [];
  if (name === '') throw new FormatError(`${quote(text)} must be NAMESPACE/NAME, as in "default/example-tls"`);
  checkNamespace(namespace);
  return { namespace, name };
}
