/** One key of ingress-nginx's ConfigMap, as documents show it, and how its value is read. */
import type { IngressConfig } from './ingress-config.ts';

/**
 * What becomes of a key. `no-effect`: it is taken, and there is nothing to do for it here. `refused`: whoever writes another value than
 * the default is told by name what to do instead.
 */
export type ConfigSupport = 'works' | 'no-effect' | 'refused';

export interface ConfigRow {
  readonly name: string;
  readonly support: ConfigSupport;
  /** ingress-nginx's value where the key is absent; empty: nothing. */
  readonly fallback: string;
  /** What it does here, in one sentence; empty unless it works. */
  readonly help: string;
  /** How that differs from ingress-nginx; absent: it does not. */
  readonly differs?: string;
  /** Present unless it works: the reason, and what to do instead. */
  readonly why?: string;
  /** Present where it works. @throws FormatError */
  read?(text: string): Partial<IngressConfig>;
}

/** A key that works. @param read must be able to read the fallback */
export function works(
  name: string,
  fallback: string,
  help: string,
  read: NonNullable<ConfigRow['read']>,
  differs?: string,
): ConfigRow {
  return { name, support: 'works', fallback, help, read, ...(differs !== undefined && { differs }) };
}

/** Keys for which there is nothing to do, all for one reason. */
export function withoutEffect(why: string, keys: Readonly<Record<string, string>>): readonly ConfigRow[] {
  return Object.entries(keys).map(([name, fallback]) => ({ name, support: 'no-effect', fallback, help: '', why }));
}

export function refused(name: string, fallback: string, why: string): ConfigRow {
  return { name, support: 'refused', fallback, help: '', why };
}

/** Keys that are refused for one reason. */
export function allRefused(why: string, keys: Readonly<Record<string, string>>): readonly ConfigRow[] {
  return Object.entries(keys).map(([name, fallback]) => refused(name, fallback, why));
}
