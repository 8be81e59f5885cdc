/** Credential plugins: what they are told, what they may answer, and which words a failure has. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runHere } from '../cli/cli-fixture.ts';
import { KubeApi } from '../support/kube-api.ts';
import { Kubectl } from '../support/real-kubectl.ts';
import { selfSigned } from '../support/self-signed.ts';
import { Folder, isKubectlHere, itAgrees } from './ask.ts';
import { type Case, config } from './case.ts';

const api = await KubeApi.start({ tls: true });
after(() => api[Symbol.asyncDispose]());

const V1 = 'client.authentication.k8s.io/v1';
const V1BETA1 = 'client.authentication.k8s.io/v1beta1';
const cluster = { server: api.url, 'certificate-authority-data': Buffer.from(api.ca).toString('base64') };
const own = selfSigned();

type Outcome = Pick<Case, 'request' | 'error' | 'kubectl'>;

function plugin(script: string): string {
  return `#!/bin/sh\n${script}\n`;
}

function answers(status: object, apiVersion = V1): string {
  return plugin(`cat << 'END'\n${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}\nEND`);
}

const EXEC = { command: './plugin', apiVersion: V1, interactiveMode: 'IfAvailable' };

function exec(name: string, script: string, outcome: Outcome, { exec: fields = {}, user = {} } = {}): Case {
  const files = { plugin: script, config: config({ cluster, user: { ...user, exec: { ...EXEC, ...fields } } }) };
  return { name, files, ...outcome };
}

const token: Outcome = { request: { authorization: 'Bearer P' } };

describe('a credential plugin', () => {
  itAgrees(api, [
    exec('beside the kubeconfig answers with a token', answers({ token: 'P' }), token),
    exec('answers in v1beta1, where the mode need not be said', answers({ token: 'P' }, V1BETA1), token, {
      exec: { apiVersion: V1BETA1, interactiveMode: undefined },
    }),
    exec(
      'answers with a certificate and its key',
      answers({ clientCertificateData: own.cert, clientKeyData: own.key }),
      { request: { certificate: new X509Certificate(own.cert).fingerprint256 } },
    ),
    exec(
      'is given its arguments and variables',
      plugin(`echo '{"kind":"ExecCredential","apiVersion":"${V1}","status":{"token":"'$1-$2-$EXTRA'"}}'`),
      { request: { authorization: 'Bearer a-b-c' } },
      { exec: { args: ['a', 'b'], env: [{ name: 'EXTRA', value: 'c' }] } },
    ),
    exec(
      'is not run where the kubeconfig itself has a token',
      plugin('exit 1'),
      { request: { authorization: 'Bearer T' } },
      {
        user: { token: 'T' },
      },
    ),
    exec('that answers in another version is refused', answers({ token: 'P' }, V1BETA1), {
      error:
        /plugin "\S+\/plugin" cannot be used: it answered with apiVersion "\S+v1beta1", the kubeconfig wants \S+v1$/m,
    }),
    exec('that answers with a certificate without a key is refused', answers({ clientCertificateData: own.cert }), {
      error: /it answered with a certificate or a key, not with both/,
    }),
    exec('that answers with nothing is refused', answers({}), { error: /neither a token nor a certificate/ }),
    exec('without a status is refused', plugin(`echo '{"kind":"ExecCredential","apiVersion":"${V1}"}'`), {
      error: /its answer has no status/,
    }),
    exec('that answers in words is refused, and they are not shown', plugin('echo s3cret'), {
      error: /cannot be used: its output is not JSON$/m,
    }),
    exec('that fails is named, with its last words', plugin('echo please log in >&2; exit 3'), {
      error: /the credential plugin "\S+\/plugin" failed with exit code 3: please log in$/m,
    }),
    exec(
      'that is missing is named, with the hint how to install it',
      '',
      {
        error: /the credential plugin "no-such-plugin" was not found\. Install it: apt install no-such-plugin$/m,
      },
      { exec: { command: 'no-such-plugin', installHint: 'Install it:\n\n  apt install no-such-plugin\n' } },
    ),
    exec(
      'that wants a terminal is refused without one',
      answers({ token: 'P' }),
      {
        error: /wants to ask at a terminal \(interactiveMode: Always\), and standard input is none/,
      },
      { exec: { interactiveMode: 'Always' } },
    ),
    exec(
      'of v1 must say whether it asks',
      answers({ token: 'P' }),
      {
        error: /users\["k"\]\.user\.exec\.interactiveMode "" must be Never, IfAvailable, Always/,
      },
      { exec: { interactiveMode: undefined } },
    ),
    exec(
      'of an old version is refused',
      answers({ token: 'P' }),
      {
        error: /users\["k"\]\.user\.exec\.apiVersion "client\.authentication\.k8s\.io\/v1alpha1" must be/,
      },
      { exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1' } },
    ),
    exec(
      'without a command is refused',
      '',
      { error: /users\["k"\]\.user\.exec\.command is missing/ },
      {
        exec: { command: '' },
      },
    ),
    exec(
      'with a provider beside it is refused',
      answers({ token: 'P' }),
      {
        error: /users\["k"\]\.user has both exec and auth-provider/,
      },
      { user: { 'auth-provider': { name: 'oidc', config: {} } } },
    ),
  ]);
});

describe('$KUBERNETES_EXEC_INFO', () => {
  const extension = { name: 'client.authentication.k8s.io/exec', extension: { audience: 'x', deep: [1, true] } };
  for (const [name, fields, clusterFields] of [
    ['says whether the plugin may ask', {}, {}],
    ['says it also where the plugin never asks', { interactiveMode: 'Never' }, {}],
    ['has the cluster where that is wanted', { provideClusterInfo: true }, {}],
    [
      'has all of the cluster: its CA from a file, its name, and what is meant for plugins',
      { provideClusterInfo: true },
      {
        'certificate-authority-data': undefined,
        'certificate-authority': 'ca.crt',
        'tls-server-name': 'localhost',
        'disable-compression': true,
        extensions: [{ name: 'other', extension: {} }, extension],
      },
    ],
    [
      'has a cluster that is not checked',
      { provideClusterInfo: true },
      { 'certificate-authority-data': undefined, 'insecure-skip-tls-verify': true },
    ],
  ] as const) {
    it(name, async t => {
      using folder = new Folder({
        'ca.crt': api.ca,
        plugin: plugin(
          `printf %s "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/info"\necho '{"kind":"ExecCredential","apiVersion":"${V1}","status":{"token":"P"}}'`,
        ),
        config: config({ cluster: { ...cluster, ...clusterFields }, user: { exec: { ...EXEC, ...fields } } }),
      });
      const kubeconfig = join(folder.path, 'config');
      const info = (): unknown => JSON.parse(readFileSync(join(folder.path, 'info'), 'utf8'));
      const environment = { PATH: process.env.PATH ?? '', KUBECONFIG: kubeconfig };
      const { stderr, code } = await runHere(['routes', '--fresh'], { environment });
      assert.equal(code, 0, stderr);
      const told = info();
      const isWanted = 'provideClusterInfo' in fields;
      const wanted = { ...cluster, ...clusterFields };
      assert.deepEqual(told, {
        kind: 'ExecCredential',
        apiVersion: V1,
        spec: {
          interactive: false,
          ...(isWanted && {
            cluster: {
              server: api.url,
              config: 'extensions' in wanted ? extension.extension : null,
              ...('insecure-skip-tls-verify' in wanted
                ? { 'insecure-skip-tls-verify': true }
                : { 'certificate-authority-data': cluster['certificate-authority-data'] }),
              ...('extensions' in wanted && {
                'tls-server-name': 'localhost',
                'disable-compression': true,
              }),
            },
          }),
        },
      });
      if (!isKubectlHere()) return t.diagnostic('there is no kubectl here to compare with');
      folder.write('info', '');
      await new Kubectl('', kubeconfig, folder.path).run(['get', '--raw', '/api/v1/services']);
      assert.deepEqual(told, info());
    });
  }
});
