import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { codeOf, messageOf } from '../../../src/errors.ts';
import { AccessProvider, type AccessSurroundings } from '../../../src/sources/kube/access.ts';

const folder = mkdtempSync(join(tmpdir(), 'kube-access-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;

function kubeconfig(server: string, { current = 'main', name = 'main', user = {}, cluster = {} } = {}): string {
  files += 1;
  const file = join(folder, `config-${files}`);
  const config = {
    clusters: [{ name, cluster: { server, ...cluster } }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    ...(current !== '' && { 'current-context': current }),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

function account(token: string): Partial<AccessSurroundings> {
  files += 1;
  const accountFolder = join(folder, `account-${files}`);
  mkdirSync(accountFolder);
  writeFileSync(join(accountFolder, 'ca.crt'), 'CA');
  writeFileSync(join(accountFolder, 'token'), token);
  return {
    accountFolder,
    environment: { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' },
  };
}

const nowhere: Partial<AccessSurroundings> = {
  environment: {},
  home: join(folder, 'none'),
  accountFolder: join(folder, 'none'),
};

function provider(settings: { kubeconfig?: string; context?: string }, surroundings: Partial<AccessSurroundings> = {}) {
  return new AccessProvider({ kubeconfig: '', context: '', ...settings }, { ...nowhere, ...surroundings });
}

async function failure(access: AccessProvider): Promise<unknown> {
  return await access.get().then(
    () => assert.fail('should not have worked'),
    (error: unknown) => error,
  );
}

describe('the way to the Kubernetes API', () => {
  it('is the account of the pod before $KUBECONFIG', async () => {
    const pod = account('secret');
    const environment = { ...pod.environment, KUBECONFIG: kubeconfig('https://other') };
    const { server, options } = await provider({}, { ...pod, environment }).get();
    assert.equal(server, 'https://10.96.0.1:443');
    assert.deepEqual(options.headers, { Authorization: 'Bearer secret' });
    assert.equal(String(options.ca), 'CA');
  });

  it('puts an IPv6 address of the API server in brackets', async () => {
    const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const { server } = await provider({}, { ...account('secret'), environment }).get();
    assert.equal(server, 'https://[fd00::1]:6443');
  });

  it('is the kubeconfig that is named, before the account of the pod', async () => {
    const { server } = await provider({ kubeconfig: kubeconfig('https://named/') }, account('secret')).get();
    assert.equal(server, 'https://named');
  });

  it('is a kubeconfig when a context is named, in a pod too', async () => {
    const pod = account('secret');
    const environment = { ...pod.environment, KUBECONFIG: kubeconfig('https://chosen', { name: 'lab', current: '' }) };
    const { server } = await provider({ context: 'lab' }, { ...pod, environment }).get();
    assert.equal(server, 'https://chosen');
  });

  it('merges the files of $KUBECONFIG that exist; the first current context counts', async () => {
    const missing = join(folder, 'missing');
    const first = kubeconfig('https://first', { name: 'a', current: '' });
    const second = kubeconfig('https://second', { name: 'b', current: 'a' });
    const third = kubeconfig('https://third', { name: 'c', current: 'c' });
    const environment = { KUBECONFIG: [missing, first, second, third].join(':') };
    assert.equal((await provider({}, { environment }).get()).server, 'https://first');
    assert.equal((await provider({ context: 'c' }, { environment }).get()).server, 'https://third');
  });

  it('is ~/.kube/config at last', async () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.kube'), { recursive: true });
    writeFileSync(
      join(home, '.kube', 'config'),
      '{clusters: [{name: h, cluster: {server: "https://home"}}], users: [{name: h, user: {token: t}}], contexts: [{name: h, context: {cluster: h, user: h}}], current-context: h}',
    );
    assert.equal((await provider({}, { home }).get()).server, 'https://home');
  });

  it('says where it looked when there is none', async () => {
    const error = await failure(provider({}));
    assert.equal(codeOf(error), 'NO_KUBE_CONFIG');
    assert.match(messageOf(error), /none\/\.kube\/config.*--kubeconfig/);
  });

  it('names the contexts there are when the wanted one is not', async () => {
    const error = await failure(provider({ kubeconfig: kubeconfig('https://x'), context: 'prod' }));
    assert.equal(codeOf(error), 'UNKNOWN_CONTEXT');
    assert.match(messageOf(error), /^--context: the kubeconfig .*config-\d+ has no context "prod"; it has main/);
  });

  it('asks for a choice when no context is current', async () => {
    const error = await failure(provider({ kubeconfig: kubeconfig('https://x', { current: '' }) }));
    assert.equal(codeOf(error), 'BAD_KUBE_CONFIG');
    assert.match(messageOf(error), /config-\d+ has no current context; choose one with --context: it has main/);
  });

  it('refuses a file that is no kubeconfig, and reads it again next time', async () => {
    const file = join(folder, 'broken');
    writeFileSync(file, 'clusters: [');
    const access = provider({ kubeconfig: file });
    const error = await failure(access);
    assert.equal(codeOf(error), 'BAD_KUBE_CONFIG');
    assert.match(messageOf(error), /^cannot use the kubeconfig .*\/broken: .+$/, 'on one line');
    copyFileSync(kubeconfig('https://mended'), file);
    assert.equal((await access.get()).server, 'https://mended');
  });

  it('names a file that does not exist, or that is something else', async () => {
    const missing = await failure(provider({ kubeconfig: join(folder, 'absent') }));
    assert.equal(codeOf(missing), 'BAD_KUBE_CONFIG');
    assert.match(messageOf(missing), /^cannot use the kubeconfig .*\/absent: it does not exist$/);
    const other = join(folder, 'other');
    writeFileSync(other, 'services: []');
    assert.match(messageOf(await failure(provider({ kubeconfig: other }))), /kubeconfig .*\/other has no contexts/);
  });

  it('says whose credentials it cannot read', async () => {
    const user = { 'client-certificate': join(folder, 'absent.crt'), 'client-key': join(folder, 'absent.key') };
    const file = kubeconfig('https://x', { user });
    const error = await failure(provider({ kubeconfig: file }));
    assert.equal(codeOf(error), 'KUBE_CREDENTIALS');
    assert.ok(
      messageOf(error).startsWith(`cannot read the credentials of context "main" of the kubeconfig ${file}: `),
      messageOf(error),
    );
    const { account: whose } = await provider({}, account('secret')).get();
    assert.equal(whose, 'the in-cluster account');
  });

  it('is read again when the file changed, and kept while it is missing', async () => {
    const file = kubeconfig('https://first');
    const access = provider({ kubeconfig: file });
    assert.equal((await access.get()).server, 'https://first');
    copyFileSync(kubeconfig('https://second.example'), file);
    assert.equal((await access.get()).server, 'https://second.example');
    rmSync(file);
    assert.equal((await access.get()).server, 'https://second.example');
  });

  it('stays the account of the pod while its token is missing', async () => {
    const pod = account('secret');
    const environment = { ...pod.environment, KUBECONFIG: kubeconfig('https://other') };
    const access = provider({}, { ...pod, environment });
    await access.get();
    rmSync(join(pod.accountFolder ?? '', 'token'));
    access.forget();
    assert.equal(codeOf(await failure(access)), 'KUBE_CREDENTIALS');
  });

  it('is plain http only where the kubeconfig says that it is meant', async () => {
    const bare = await failure(provider({ kubeconfig: kubeconfig('http://plain') }));
    assert.equal(codeOf(bare), 'BAD_KUBE_CONFIG');
    assert.match(messageOf(bare), /insecure-skip-tls-verify/);
    const meant = kubeconfig('http://plain', { cluster: { 'insecure-skip-tls-verify': true } });
    assert.equal((await provider({ kubeconfig: meant }).get()).server, 'http://plain');
  });
});

describe('a token file', () => {
  it('of a kubeconfig is read again for each request, and what it held last is kept while it is missing', async () => {
    const tokenFile = join(folder, 'kubeconfig-token');
    writeFileSync(tokenFile, 'first\n');
    const access = provider({ kubeconfig: kubeconfig('https://x', { user: { tokenFile: 'kubeconfig-token' } }) });
    const sent = async () => (await access.get()).options.headers;
    assert.deepEqual(await sent(), { Authorization: 'Bearer first' });
    writeFileSync(tokenFile, 'second\n');
    assert.deepEqual(await sent(), { Authorization: 'Bearer second' });
    rmSync(tokenFile);
    assert.deepEqual(await sent(), { Authorization: 'Bearer second' });
    access.forget();
    assert.equal(codeOf(await failure(access)), 'KUBE_CREDENTIALS', 'the server has refused it');
  });

  it('may end in a newline', async () => {
    const { options } = await provider({}, account('secret\n')).get();
    assert.deepEqual(options.headers, { Authorization: 'Bearer secret' });
  });

  it('that is missing for a moment is a typed error, and read when it is back', async () => {
    const pod = account('first');
    const access = provider({}, pod);
    await access.get();
    const token = join(pod.accountFolder ?? '', 'token');
    const ca = join(pod.accountFolder ?? '', 'ca.crt');
    rmSync(ca);
    assert.equal(codeOf(await failure(access)), 'KUBE_CREDENTIALS');
    writeFileSync(ca, 'CA 2');
    writeFileSync(token, 'second');
    access.forget();
    const { options } = await access.get();
    assert.deepEqual(options.headers, { Authorization: 'Bearer second' });
    assert.equal(String(options.ca), 'CA 2');
  });

  it('that is empty is not taken for anonymity', async () => {
    assert.equal(codeOf(await failure(provider({}, account('')))), 'KUBE_CREDENTIALS');
  });
});
