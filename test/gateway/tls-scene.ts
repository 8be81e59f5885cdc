/** A proxy with one port of a Gateway that speaks TLS, and what its clients and backends need. */
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { type ConnectionOptions, connect as connectTlsRaw } from 'node:tls';
import type { Certificate } from '../../src/model/certificate.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import type { GatewayListener, GatewayPort } from '../../src/model/gateway-port.ts';
import type { Route } from '../../src/model/route.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { atEnd } from '../support/cleanup.ts';
import { gatewayPort, portChanges } from '../support/gateway-ports.ts';
import { gatewayRoute } from '../support/gateway-routes.ts';
import { type ProxyUnderTest, startProxy } from '../support/proxy-under-test.ts';
import { RawClient } from '../support/raw-client.ts';
import { answer, RawUpstream } from '../support/raw-upstream.ts';
import { clusterOf, deltaOf, published } from '../support/routes.ts';
import { selfSigned } from '../support/self-signed.ts';

export interface Backend {
  readonly name: string;
  readonly address: { readonly host: string; readonly port: number };
  readonly cluster?: Partial<Cluster>;
}

export interface Scene {
  readonly proxy: ProxyUnderTest;
  readonly port: GatewayPort;
  readonly connect: (options: ConnectionOptions) => ReturnType<typeof RawClient.connectTls>;
}

export interface SceneParts {
  readonly listeners: readonly GatewayListener[];
  readonly certificates?: readonly Certificate[];
  readonly port?: Partial<GatewayPort>;
  readonly backends?: readonly Backend[];
  readonly routes?: (port: GatewayPort) => readonly Route[];
  readonly settings?: Partial<Settings>;
}

/** A proxy that listens on one port with TLS, beside its own. */
export async function scene(t: TestContext, parts: SceneParts): Promise<Scene> {
  const { listeners, certificates = [], backends = [], routes = () => [], settings = {} } = parts;
  const port = await gatewayPort({ transport: 'tls', listeners, ...parts.port });
  const proxy = await startProxy(t, 'wire', { routes: [], settings });
  const delta = deltaOf({ version: 1, upserts: [...routes(port)], removals: [] });
  const named = backends.map(({ name, address: { host, port: at }, cluster }) => {
    const own = clusterOf({ cluster: name, service: { namespace: 'default', name } });
    const endpoint = {
      id: `${host}:${at}`,
      address: host,
      port: at,
      pod: '',
      zone: '',
      weight: 1,
      state: 'ready' as const,
    };
    return { cluster: { ...own, ...cluster }, endpoints: { cluster: name, revision: 1, endpoints: [endpoint] } };
  });
  proxy.apply(
    published({
      ...delta,
      clusters: { upserts: named.map(({ cluster }) => cluster), removals: [] },
      endpoints: named.map(({ endpoints }) => endpoints),
      ports: portChanges([port], [], certificates),
    }),
  );
  await proxy.listenPort(port.id);
  const connect: Scene['connect'] = async options => {
    const client = await RawClient.connectTls(port.listen, options);
    atEnd(t, () => client.destroy());
    return client;
  };
  return { proxy, port, connect };
}

/** A route of a listener, named after the Service that it leads to. */
export function to(port: GatewayPort, hostname: string, name: string): Route {
  return gatewayRoute(name, '/', {
    listener: { port: port.id, hostname, match: `${hostname} ${name}` },
    service: { namespace: 'default', name },
    cluster: name,
  });
}

export async function says(t: TestContext, name: string): Promise<Backend> {
  const { address } = await RawUpstream.start(t, async request => {
    await request.connection.send(answer(name));
  });
  return { name, address };
}

/** What the server of TLS has told the client of its end; undefined where the handshake went well. */
export async function failureOf(port: GatewayPort, options: ConnectionOptions): Promise<string | undefined> {
  const socket = connectTlsRaw({ ...port.listen, rejectUnauthorized: false, ...options });
  try {
    await once(socket, 'secureConnect');
    socket.write('GET / HTTP/1.1\r\nHost: none\r\n\r\n');
    // TLS 1.3: the client is done before the server has judged its certificate.
    return await new Promise<string | undefined>(resolve => {
      socket.once('data', () => resolve(undefined));
      socket.once('error', error => resolve(String(Reflect.get(error, 'code'))));
      socket.once('close', () => resolve('closed'));
    });
  } catch (error) {
    return String(Reflect.get(error as object, 'code'));
  } finally {
    socket.destroy();
  }
}

export const ANY = selfSigned({ names: ['*', '*.org', '*.wildcard.org'], commonName: 'any' });
