/** Proxies of the npm registry, each in the few lines that their users write: contenders/servers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { join } from 'node:path';
import { NotSupportedError } from '../support/bench-error.ts';
import { Program } from '../support/program.ts';
import type { Contender } from './contender.ts';
import type { ServerArguments } from './servers/arguments.ts';

interface NodeProxy extends Pick<Contender, 'name' | 'title'> {
  readonly packageName: string;
  /** In contenders/servers. */
  readonly server: string;
  readonly keepAlive?: boolean;
  readonly hasAccessLog: boolean;
}

export const httpProxy3 = nodeProxy({
  name: 'http-proxy-3',
  title: 'http-proxy-3, as it comes',
  packageName: 'http-proxy-3',
  server: 'http-proxy-3.ts',
  hasAccessLog: false,
});

export const httpProxy3KeepAlive = nodeProxy({
  name: 'http-proxy-3-agent',
  title: 'http-proxy-3, keep-alive agent',
  packageName: 'http-proxy-3',
  server: 'http-proxy-3.ts',
  keepAlive: true,
  hasAccessLog: false,
});

export const fastifyHttpProxy = nodeProxy({
  name: 'fastify-http-proxy',
  title: '@fastify/http-proxy',
  packageName: '@fastify/http-proxy',
  server: 'fastify-http-proxy.ts',
  hasAccessLog: true,
});

function nodeProxy({ name, title, packageName, server, keepAlive = false, hasAccessLog }: NodeProxy): Contender {
  return {
    name,
    title,
    upstreamPath: '/x',
    compilesAsItRuns: true,
    version: () => `${packageVersion(packageName)} on Node ${process.versions.node}`,
    start({ folder, port, prefixes, backendPort, accessLog, cpus }) {
      if (accessLog !== undefined && !hasAccessLog) throw new NotSupportedError('has no access log');
      const prefixesFile = join(folder, 'prefixes.json');
      writeFileSync(prefixesFile, JSON.stringify(prefixes));
      const log = accessLog === undefined ? {} : { accessLog };
      const argument: ServerArguments = { port, backendPort, prefixesFile, keepAlive, ...log };
      const command = [
        process.execPath,
        join(import.meta.dirname, 'servers', server),
        JSON.stringify(argument),
      ] as const;
      return { program: new Program({ name, command: [...command], cpus, folder }) };
    },
  };
}

function packageVersion(name: string): string {
  const file = findPackageJSON(name, import.meta.url);
  if (file === undefined) throw new NotSupportedError('not installed (npm ci)');
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
}
