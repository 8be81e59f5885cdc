/**
 * `npm start`: the entry on 127.0.0.1:28888, and with TLS on 127.0.0.1:28443, with the example Services of this folder and a
 * backend for each, no cluster needed. What follows `npm start --` goes to `kube-entry serve`.
 */
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminClient } from '../../src/cli/admin-client.ts';
import { run } from '../../src/cli/run.ts';
import { KubeEntryError, SettingsError } from '../../src/errors.ts';
import { formatListenAddress } from '../../src/formats/listen-address.ts';
import { parseFlags } from '../../src/settings/flags.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Settings } from '../../src/settings/schema.ts';
import { ExampleBackends } from './backends.ts';

const POLL_MS = 50;

const folder = relative('', import.meta.dirname) || '.';
const TLS = ['--tls-listen', '127.0.0.1:28443', '--https-port', '28443'];
const plain = ['--listen', '127.0.0.1:28888', '--manifests', folder, ...process.argv.slice(2)];
// The engine `node` serves no TLS.
const flags = readSettings(plain)?.engine === 'node' ? plain : [...TLS, ...plain];

process.exitCode = await start();

async function start(): Promise<number> {
  const settings = readSettings(flags);
  // Bad flags, and --help: the command itself says what there is to say.
  if (settings === undefined) return run(['serve', ...flags]);
  const complain = (line: string): void => void process.stderr.write(`npm start: ${line}\n`);
  if (await isAnswered(new AdminClient(settings.adminSocket))) {
    complain(
      `an instance runs already: it answers on ${settings.adminSocket}. End it, or start this one with addresses of its own: npm start -- --listen ADDR:PORT --status-listen ADDR:PORT --admin-socket PATH`,
    );
    return 1;
  }
  const backends = new ExampleBackends(settings.manifests, complain);
  const ended = new AbortController();
  try {
    await backends.start();
    const serving = run(['serve', ...flags]);
    void announce(settings, ended.signal);
    return await serving;
  } catch (error) {
    if (!(error instanceof KubeEntryError)) throw error;
    complain(error.message);
    return 1;
  } finally {
    ended.abort();
    backends.close();
  }
}

function readSettings(given: readonly string[]): Settings | undefined {
  try {
    return loadSettings({ flags: parseFlags(given), environment: process.env });
  } catch (error) {
    if (error instanceof SettingsError) return undefined;
    throw error;
  }
}

/** Says what to try, once the entry answers for the routes. */
async function announce(settings: Settings, ended: AbortSignal): Promise<void> {
  const { listen, tlsListen, statusListen, adminSocket, manifests } = settings;
  const admin = new AdminClient(adminSocket);
  while (!ended.aborted && !(await isInitialised(admin))) await sleep(POLL_MS);
  if (ended.aborted) return;
  const lines = [
    '',
    'Try, from another terminal:',
    `  curl http://${formatListenAddress(listen)}/volume/api/v1/pools`,
    // Its certificate is self-signed.
    ...(tlsListen ? [`  curl --insecure https://${formatListenAddress(tlsListen)}/volume/api/v1/pools`] : []),
    `  curl --unix-socket ${adminSocket} http://localhost/nginx_status`,
    `  curl --unix-socket ${adminSocket} http://localhost/configuration/backends`,
    `or, in a browser, the dashboard: http://${formatListenAddress(statusListen)}/`,
    `Then edit a kube-entry.io/path in ${manifests}: the answers follow. Ctrl-C ends it.`,
    '',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

async function isInitialised(admin: AdminClient): Promise<boolean> {
  return (await initialisation(admin)) === 200;
}

async function isAnswered(admin: AdminClient): Promise<boolean> {
  return (await initialisation(admin)) !== undefined;
}

/** The status of the answer; undefined while no process answers. */
async function initialisation(admin: AdminClient): Promise<number | undefined> {
  try {
    return (await admin.get('/is-dynamic-lb-initialized')).status;
  } catch (error) {
    if (error instanceof KubeEntryError) return undefined;
    throw error;
  }
}
