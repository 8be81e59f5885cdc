import type { RecordWithTtl } from 'node:dns';
import { codeOf } from '../../errors.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

export interface Answer {
  /** IPv4 and IPv6. Those of the slower family are added when they come. */
  readonly addresses: Address[];
  /** The shortest of the records' times to live. */
  readonly ttlMs: number;
}

type Answered = (error: Error | null, records: RecordWithTtl[]) => void;

/** As much of node:dns's Resolver as is used here. */
export interface DnsClient {
  resolve4(name: string, options: { readonly ttl: true }, answered: Answered): void;
  resolve6(name: string, options: { readonly ttl: true }, answered: Answered): void;
  cancel(): void;
}

/** How long addresses of one family wait for the other's (RFC 8305 section 3). */
const RESOLUTION_DELAY_MS = 50;

/** What a DNS server says when the name, or an address of the kind, does not exist. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Asks for A and AAAA of exactly this name.
 * @returns undefined when it has no address
 * @throws why the servers did not say
 */
export function queryAddresses(client: DnsClient, name: string): Promise<Answer | undefined> {
  return new Promise((resolve, reject) => {
    const addresses: Address[] = [];
    let ttlMs = Number.POSITIVE_INFINITY;
    let pending = 2;
    let failure: Error | undefined;
    let delay: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(delay);
      if (addresses.length > 0) resolve({ addresses, ttlMs });
      else if (failure !== undefined) reject(failure);
      else resolve(undefined);
    };
    const take = (family: 4 | 6, error: Error | null, records: readonly RecordWithTtl[]): void => {
      pending -= 1;
      if (error === null) {
        for (const { address, ttl } of records) {
          addresses.push({ address, family });
          ttlMs = Math.min(ttlMs, ttl * 1000);
        }
      } else if (!ABSENT.has(codeOf(error))) {
        failure = error;
      }
      if (pending === 0) settle();
      else if (addresses.length > 0) delay = setTimeout(settle, RESOLUTION_DELAY_MS);
    };
    client.resolve4(name, { ttl: true }, (error, records) => take(4, error, records));
    client.resolve6(name, { ttl: true }, (error, records) => take(6, error, records));
  });
}
