import type { FailureReason } from '../../src/failures/failures.ts';
import type { ListenAddress } from '../../src/formats/listen-address.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { GatewayRoute } from '../../src/model/route.ts';
import type { Settings } from '../../src/settings/schema.ts';
import type { ProxyUnderTest } from '../support/proxy-under-test.ts';
import type { RawClient } from '../support/raw-client.ts';
import type { RawUpstream, UpstreamHandler } from '../support/raw-upstream.ts';
import type { TlsDescription } from '../support/tls-names.ts';
import { SECRET } from './request-cases.ts';

export interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly client: RawClient;
  readonly upstream: RawUpstream;
  /** Lets {@link LIMIT_MS} pass, for a case that has such a limit. */
  readonly pass: () => Promise<void>;
}

/** A failure that is about time, connections or the table, not about bytes. */
export interface EventCase {
  readonly what: string;
  readonly reason: FailureReason;
  /** As in the access log. */
  readonly status: number;
  readonly detail: RegExp;
  readonly settings?: Partial<Settings>;
  readonly upstream?: UpstreamHandler;
  /** What the engine may take for its clients. */
  readonly clientBytes?: number;
  /** Where the route leads instead of the upstream; `null` for no table at all. */
  readonly to?: readonly ListenAddress[] | 'silence' | null;
  /** What its TLS port serves; absent: it has none. */
  readonly tls?: TlsDescription;
  /** How its cluster is balanced, where kube-proxy does not. */
  readonly cluster?: Partial<Cluster>;
  /** What the rule of a Gateway says that its route is made of. */
  readonly gateway?: Partial<GatewayRoute>;
  readonly provoke: (scene: Scene) => Promise<void>;
  /** Why the engine node cannot be asked for it. */
  readonly notOnNode?: string;
}

/** A limit that passes by itself; nothing else of the case has to happen within it. */
export const SHORT_MS = 100;
/** One that must not pass before the case has been set up: the case moves the clock. */
export const LIMIT_MS = 2_000;
export const NONE = /^$/;
export const LARGE = 64 * 1024 * 1024;

export const SECRETS = `Host: test\r\nCookie: ${SECRET}\r\n`;
export const GET = `GET /volume/x?token=${SECRET} HTTP/1.1\r\n${SECRETS}\r\n`;
export const POST = `POST /volume/x?token=${SECRET} HTTP/1.1\r\n${SECRETS}Content-Length: 10\r\n\r\n`;
export const BEGUN = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc';

export const ask = async ({ client }: Scene): Promise<void> => {
  await client.send(GET);
  await client.response();
};

export const never: UpstreamHandler = () => undefined;
