import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program } from '../support/program.ts';
import type { Contender, ProxySetup } from './contender.ts';
import { installedVersion } from './installed.ts';

export const caddy: Contender = {
  name: 'caddy',
  title: 'Caddy',
  upstreamPath: '/x',
  version: () => installedVersion('caddy', ['version'], /^v?(\d\S*)/),
  start(setup) {
    const { folder, cpus } = setup;
    const file = join(folder, 'Caddyfile');
    writeFileSync(file, configuration(setup));
    const command = ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'] as const;
    const environment = { HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
    return { program: new Program({ name: 'caddy', command: [...command], cpus, folder, environment }) };
  },
};

/** `handle_path` cuts its prefix off; forwarded headers and kept connections are what Caddy does by itself. */
function configuration({ port, prefixes, backendPort, accessLog }: ProxySetup): string {
  return `{
  admin off
  auto_https off
}
http://127.0.0.1:${port} {
  bind 127.0.0.1
${accessLog === undefined ? '' : `  log {\n    output file ${accessLog}\n  }\n`}${prefixes
  .map(prefix => `  handle_path ${prefix}/* {\n    reverse_proxy 127.0.0.1:${backendPort}\n  }\n`)
  .join('')}}
`;
}
