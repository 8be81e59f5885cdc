/**
 * Builds Go's programs that tests run, and prints the folder they are in. What was built before is used again.
 * - `npm run test:assets`: Kubernetes and etcd, whose versions go.mod beside this file names
 * - `npm run test:assets:http2`: those of the tests of HTTP/2, out of http2/
 * - `npm run test:assets:grpc`: grpc-go's interoperability tests, whose version grpc/go.mod names
 * - `npm run test:assets:helm`: Helm, whose version helm/go.mod names
 * - `npm run test:assets:gateway`: the conformance suite of the Gateway API, whose version gateway/go.mod names
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CHANNELS, GATEWAY_MODULE, gatewayAssets } from '../support/gateway-assets.ts';
import { GRPC_MODULE, grpcAssets } from '../support/grpc-assets.ts';
import { HELM_MODULE, helmAssets } from '../support/helm-assets.ts';
import { HTTP2_MODULE, http2Assets, OWN_PROGRAMS } from '../support/http2-assets.ts';
import { ASSETS_MODULE, builtAssets } from '../support/test-assets.ts';

if (process.argv[2] === 'http2') provide(http2Assets(), buildHttp2);
else if (process.argv[2] === 'grpc') provide(grpcAssets(), into => buildTools(GRPC_MODULE, into));
else if (process.argv[2] === 'helm') provide(helmAssets(), into => buildTools(HELM_MODULE, into));
else if (process.argv[2] === 'gateway') provide(gatewayAssets(), buildGatewaySuite);
else provide(builtAssets(), buildKubernetes);

/** The folder appears with all programs, or not at all. */
function provide(folder: string, build: (into: string) => void): void {
  if (!existsSync(folder)) {
    if (spawnSync('go', ['version']).status !== 0) {
      process.stderr.write('test:assets: there is no Go here: install it from https://go.dev/dl\n');
      process.exit(1);
    }
    mkdirSync(dirname(folder), { recursive: true });
    const unfinished = mkdtempSync(`${folder}-`);
    try {
      build(unfinished);
      renameSync(unfinished, folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  }
  process.stdout.write(`${folder}\n`);
}

function buildHttp2(into: string): void {
  go(
    HTTP2_MODULE,
    'build',
    '-trimpath',
    '-ldflags',
    '-s -w',
    '-o',
    `${into}/`,
    'tool',
    ...OWN_PROGRAMS.map(name => `./${name}`),
  );
}

/** The tools that a module names. */
function buildTools(module: string, into: string): void {
  go(module, 'build', '-trimpath', '-ldflags', '-s -w', '-o', `${into}/`, 'tool');
}

function buildGatewaySuite(into: string): void {
  buildTools(GATEWAY_MODULE, into);
  go(GATEWAY_MODULE, 'test', '-c', '-trimpath', '-ldflags', '-s -w', '-o', join(into, 'conformance'), './suite');
  const module = go(GATEWAY_MODULE, 'list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/gateway-api').trim();
  for (const channel of CHANNELS) {
    cpSync(join(module, 'config/crd', channel), join(into, 'crd', channel), { recursive: true });
  }
}

function buildKubernetes(into: string): void {
  process.stderr.write('test:assets: building Kubernetes and etcd takes 10 to 30 minutes, once\n');
  go(ASSETS_MODULE, 'build', '-trimpath', '-ldflags', `-s -w ${versionFlags()}`, '-o', `${into}/`, 'tool');
  // Go names a program after the last part of its package's path.
  renameSync(join(into, 'server'), join(into, 'etcd'));
}

/** Kubernetes' own build writes its version into the programs like this. kubectl compares it with the server's. */
function versionFlags(): string {
  const version = go(ASSETS_MODULE, 'list', '-m', '-f', '{{.Version}}', 'k8s.io/kubernetes').trim();
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor };
  return Object.entries(values)
    .map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)
    .join(' ');
}

function go(cwd: string, ...args: readonly string[]): string {
  // The versions are those of go.mod, whatever the surroundings say.
  const env = { ...process.env, GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' };
  return execFileSync('go', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
