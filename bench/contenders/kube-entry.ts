/** kube-entry with one worker and either engine, its routes from a manifest as `--manifests` reads it. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { backendRecord, service, yamlOf } from '../../test/support/services.ts';
import { BenchError } from '../support/bench-error.ts';
import { installation } from '../support/installation.ts';
import { Program } from '../support/program.ts';
import { BACKEND, type Contender, type ProxySetup, type RunningProxy } from './contender.ts';
import { CONTROLLER, gatewayObjects } from './gateway-objects.ts';
import { INGRESS_CLASS, ingressObjects } from './ingress-objects.ts';
import { tlsHostObjects } from './tls-host-objects.ts';

const ROOT = join(import.meta.dirname, '../..');

export const wire = kubeEntry('wire');
export const node = kubeEntry('node');

function kubeEntry(engine: 'wire' | 'node'): Contender {
  return {
    name: engine,
    title: `kube-entry, ${engine}`,
    upstreamPath: '/x',
    compilesAsItRuns: true,
    ...(engine === 'wire' && { readsKubernetes: true, hasPolicies: true }),
    version,
    start: setup => start(engine, setup),
  };
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return `${(manifest as { readonly version: string }).version} on Node ${process.versions.node}`;
}

const OBJECTS_PER_FILE = 1_000;

function start(engine: string, setup: ProxySetup): RunningProxy {
  const { folder, accessLog, isHttp2 = false, tlsHosts, cpus } = setup;
  const manifests = join(folder, 'manifests');
  mkdirSync(manifests);
  const objects = objectsOf(setup);
  // A file of manifests has a size limit.
  for (let index = 0; index < objects.length; index += OBJECTS_PER_FILE) {
    writeFileSync(join(manifests, `${index}.yaml`), yamlOf(objects.slice(index, index + OBJECTS_PER_FILE)));
  }
  const adminSocket = join(folder, 'admin.sock');
  const log = accessLog === undefined ? ['--access-log', 'off'] : ['--access-log-path', accessLog];
  const { program: file, environment } = installation();
  const program = new Program({
    name: engine,
    command: [
      ...([process.execPath, file, 'serve'] as const),
      ...['--engine', engine, '--workers', tlsHosts === undefined ? '1' : '2', '--manifests', manifests, ...log],
      ...[...listening(setup), '--admin-socket', adminSocket, '--status-listen', '127.0.0.1:0'],
      // As many as the tuned nginx keeps.
      ...['--upstream-keepalive', '512', '--log-level', 'warn'],
      ...(isHttp2 ? ['--keepalive-requests', '100000000'] : []),
    ],
    cpus,
    folder,
    environment,
    // Unlike SIGTERM it does not wait for endpoints to notice.
    stopSignal: 'SIGINT',
  });
  const agent = new Agent({ keepAlive: true });
  return {
    program,
    changePrefixes: more =>
      push(
        agent,
        adminSocket,
        more.map(prefix => pushed(prefix, setup)),
      ),
  };
}

function objectsOf(setup: ProxySetup): readonly object[] {
  const { prefixes, policy, httpRules, ingressHost, tlsHosts, port, backendPort } = setup;
  if (httpRules !== undefined) return gatewayObjects(httpRules, port, backendPort);
  if (ingressHost !== undefined) return ingressObjects(ingressHost, backendPort);
  if (tlsHosts !== undefined) return tlsHostObjects(tlsHosts, backendPort);
  return [...(policy?.objects ?? []), ...prefixes.map(prefix => exposed(prefix, setup))];
}

function listening({ port, certificate, httpRules, ingressHost }: ProxySetup): string[] {
  const address = `127.0.0.1:${port}`;
  if (httpRules !== undefined) {
    return ['--listen', '127.0.0.1:0', '--gateway-controller', CONTROLLER, '--gateway-addresses', '127.0.0.1'];
  }
  if (ingressHost !== undefined) return ['--listen', address, '--ingress-class', INGRESS_CLASS];
  if (certificate === undefined) return ['--listen', address];
  return [
    ...['--listen', '127.0.0.1:0', '--tls-listen', address],
    ...['--tls-certificate', certificate.certificate, '--tls-key', certificate.key],
  ];
}

function exposed(prefix: string, { backendPort, isGrpc = false, policy }: ProxySetup): object {
  const grpc = isGrpc ? { protocol: 'grpc', 'strip-prefix': 'false' } : {};
  const asked = Object.entries(policy?.annotations ?? {});
  const own = asked.map(([name, value]) => [name, value.replaceAll(BACKEND, `127.0.0.1:${backendPort}`)] as const);
  const annotations = { path: prefix, ...grpc, ...Object.fromEntries(own) };
  return service(nameOf(prefix), { address: { host: '127.0.0.1', port: backendPort }, annotations });
}

/** The annotation makes it a route. */
function pushed(prefix: string, { backendPort }: ProxySetup): object {
  return backendRecord(nameOf(prefix), [{ host: '127.0.0.1', port: backendPort }], { annotations: { path: prefix } });
}

function nameOf(prefix: string): string {
  return prefix.slice(1);
}

function push(agent: Agent, socketPath: string, records: readonly object[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const posting = request({ agent, socketPath, path: '/configuration/backends', method: 'POST' }, response => {
      response.resume().once('end', () => {
        if (response.statusCode === 201) resolve();
        else reject(new BenchError(`pushing backends: ${response.statusCode}`));
      });
    });
    posting.once('error', reject).setHeader('Content-Type', 'application/json');
    posting.end(JSON.stringify(records));
  });
}
