import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { formatListenAddress, type ListenAddress } from '../../src/formats/listen-address.ts';
import { atEnd } from './cleanup.ts';
import { eventually } from './eventually.ts';
import { pathOf } from './installed.ts';
import { serverPort } from './server-port.ts';

const ATTEMPTS = 5;

export interface NginxDescription {
  /** What stands in its `server` block, given the folder of its files. */
  readonly server: string;
  /** What stands in further `server` blocks, for names of their own. */
  readonly servers?: readonly string[];
  readonly errorPage: string;
}

/**
 * A real nginx: one process in the foreground with a prefix of its own, which needs no privileges, until the test is over.
 */
export async function startNginx(
  t: TestContext,
  { server, servers = [], errorPage }: NginxDescription,
): Promise<ListenAddress> {
  const binary = pathOf('nginx');
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, '50x.html'), errorPage);
  for (let attempt = 1; ; attempt += 1) {
    const address = { host: '127.0.0.1', port: await serverPort() };
    const file = join(folder, 'nginx.conf');
    writeFileSync(file, configuration(folder, formatListenAddress(address), server, servers));
    const child = spawn(binary, ['-p', folder, '-c', file, '-e', 'stderr'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    const closed = once(child, 'close');
    atEnd(t, async () => {
      child.kill('SIGTERM');
      await closed;
    });
    const started = await eventually('nginx to listen, or to end', async () => {
      if (child.exitCode !== null) return 'no';
      return (await accepts(address)) ? 'yes' : undefined;
    });
    if (started === 'yes') return address;
    await closed;
    // Somebody else may have taken the port in between.
    if (attempt === ATTEMPTS || !complaints.includes('Address already in use')) {
      throw new Error(`nginx does not start: ${complaints}`);
    }
  }
}

function configuration(folder: string, listen: string, server: string, servers: readonly string[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
master_process off;
pid ${folder}/nginx.pid;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map(name => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  types { text/html html; }
  server {
    listen ${listen};
    ${server}
    error_page 500 502 503 504 /50x.html;
    location = /50x.html { root ${folder}; }
  }
  ${servers.map(further => `server {\n    listen ${listen};\n    ${further}\n  }`).join('\n  ')}
}
`;
}

async function accepts(address: ListenAddress): Promise<boolean> {
  const socket = connect(address);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
