import { type LookupAddress, Resolver } from 'node:dns';
import { readFileSync } from 'node:fs';
import { isIP, type LookupFunction } from 'node:net';
import { codeOf } from '../../errors.ts';
import { hostAddresses } from '../../formats/hosts-file.ts';
import { candidateNames, parseSearchRules } from '../../formats/resolv-conf.ts';
import { type Address, type DnsClient, queryAddresses } from './dns-query.ts';

/** Addresses are used as long as their records say, within these limits. */
const LEAST_MS = 1_000;
const MOST_MS = 60_000;
/** Addresses of the hosts file have no time to live. */
const HOSTS_MS = 5_000;
/** How long a failure stands for further requests: a name that does not exist costs one lookup a second. */
const FAILURE_MS = 1_000;
/** Servers that have not answered by then are asked anew by the next request. */
const LOOKUP_MS = 10_000;

/** Where names are looked up. */
export interface NameSources {
  readonly readHosts: () => string;
  readonly readResolvConf: () => string;
  /** A new one for each lookup: it reads the servers of resolv.conf again. */
  readonly openDns: () => DnsClient;
  readonly now: () => number;
}

const SYSTEM: NameSources = {
  readHosts: () => textOf('/etc/hosts'),
  readResolvConf: () => textOf('/etc/resolv.conf'),
  openDns: () => new Resolver(),
  now: () => performance.now(),
};

type Waiting = (error: Error | undefined, addresses: readonly Address[]) => void;

interface Entry {
  /** Of the last lookup that found any. */
  addresses: readonly Address[];
  /** Of the last lookup, when it found none. */
  failure: Error | undefined;
  validUntil: number;
  /** Requests for a lookup that is under way; undefined when none is. */
  waiting: Waiting[] | undefined;
  /** Which address has its turn. */
  turn: number;
}

/**
 * Looks names of upstreams up. getaddrinfo would block two threads that the whole process shares, so that two names whose
 * servers are silent stop all others; c-ares waits on sockets in this thread's own loop. It reads neither the hosts file nor
 * the search domains, which are read here. Each name is looked up once at a time, and the answer is kept as long as it is
 * valid.
 */
export class NameResolver {
  readonly #sources: NameSources;
  readonly #entries = new Map<string, Entry>();

  constructor(sources: NameSources = SYSTEM) {
    this.#sources = sources;
  }

  /** For the option of this name of net.connect(). */
  readonly lookup: LookupFunction = (name, options, callback) => {
    this.#resolve(name.toLowerCase(), (error, addresses) => {
      const wanted = addresses.filter(({ family }) => !options.family || options.family === family);
      const [first] = wanted;
      if (error !== undefined || first === undefined) callback(error ?? notFound(name), '');
      else if (options.all) callback(null, wanted as LookupAddress[]);
      else callback(null, first.address, first.family);
    });
  };

  #resolve(name: string, waiting: Waiting): void {
    const entry = this.#entryOf(name);
    if (entry.waiting !== undefined) {
      entry.waiting.push(waiting);
    } else if (this.#sources.now() < entry.validUntil) {
      process.nextTick(() => answer(entry, waiting));
    } else {
      entry.waiting = [waiting];
      this.#find(name).then(
        ({ addresses, validMs }) => this.#found(entry, addresses, validMs),
        error => this.#failed(entry, error),
      );
    }
  }

  #entryOf(name: string): Entry {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    this.#dropUnused();
    const entry: Entry = { addresses: [], failure: undefined, validUntil: 0, waiting: undefined, turn: 0 };
    this.#entries.set(name, entry);
    return entry;
  }

  /** Routes come and go: a name that was not asked for in a while is forgotten. */
  #dropUnused(): void {
    const now = this.#sources.now();
    for (const [name, entry] of this.#entries) {
      if (entry.waiting === undefined && entry.validUntil + MOST_MS < now) this.#entries.delete(name);
    }
  }

  #found(entry: Entry, addresses: readonly Address[], validMs: number): void {
    entry.addresses = addresses;
    entry.failure = undefined;
    this.#settle(entry, validMs);
  }

  /** While the servers do not answer, what they said last is the best that is known (RFC 8767). */
  #failed(entry: Entry, error: Error): void {
    if (codeOf(error) === 'ENOTFOUND') entry.addresses = [];
    entry.failure = entry.addresses.length > 0 ? undefined : error;
    this.#settle(entry, FAILURE_MS);
  }

  #settle(entry: Entry, validMs: number): void {
    const { waiting = [] } = entry;
    entry.validUntil = this.#sources.now() + validMs;
    entry.waiting = undefined;
    for (const each of waiting) answer(entry, each);
  }

  async #find(name: string): Promise<{ readonly addresses: readonly Address[]; readonly validMs: number }> {
    const { readHosts, readResolvConf, openDns } = this.#sources;
    const listed = hostAddresses(readHosts(), name.replace(/\.$/, ''));
    if (listed.length > 0) return { addresses: listed.map(addressOf), validMs: HOSTS_MS };
    const dns = openDns();
    const timer = setTimeout(() => dns.cancel(), LOOKUP_MS);
    try {
      let failure: Error | undefined;
      for (const candidate of candidateNames(name, parseSearchRules(readResolvConf()))) {
        try {
          const found = await queryAddresses(dns, candidate);
          if (found === undefined) continue;
          const validMs = Math.min(Math.max(found.ttlMs, LEAST_MS), MOST_MS);
          return { addresses: found.addresses, validMs };
        } catch (error) {
          // As in glibc: a server that fails for one name may still know the next one; a silent server is not asked again.
          if (codeOf(error) !== 'ESERVFAIL') throw error;
          failure = error as Error;
        }
      }
      throw failure ?? notFound(name);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Each request gets all addresses, IPv4 first, beginning with another one. */
function answer(entry: Entry, waiting: Waiting): void {
  const { addresses, failure } = entry;
  entry.turn += 1;
  const first = entry.turn % Math.max(1, addresses.length);
  const turned = [...addresses.slice(first), ...addresses.slice(0, first)];
  waiting(
    failure,
    turned.sort((a, b) => a.family - b.family),
  );
}

function addressOf(address: string): Address {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}

function notFound(name: string): Error {
  return Object.assign(new Error(`${name} does not resolve`), { code: 'ENOTFOUND' });
}

/**
 * Synchronous, as the threads for asynchronous reading may all be waiting for a log on a slow disk. These files are small and
 * in memory.
 */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
