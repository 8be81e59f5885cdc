/** Who asks: tokens, Basic, certificates, impersonation, and what is not supported. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runHere } from '../cli/cli-fixture.ts';
import { KubeApi } from '../support/kube-api.ts';
import { selfSigned } from '../support/self-signed.ts';
import { Folder, itAgrees } from './ask.ts';
import { type Case, config } from './case.ts';

const api = await KubeApi.start({ tls: true });
after(() => api[Symbol.asyncDispose]());

const cluster = { server: api.url, 'certificate-authority-data': Buffer.from(api.ca).toString('base64') };
const own = selfSigned();
const certificate = new X509Certificate(own.cert).fingerprint256;

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

type Outcome = Pick<Case, 'request' | 'error' | 'kubectl'>;

function user(name: string, fields: object, outcome: Outcome, files: Case['files'] = {}): Case {
  return { name, files: { config: config({ cluster, user: fields }), ...files }, ...outcome };
}

const fixed = (token: string): Outcome => ({ request: { authorization: `Bearer ${token}` } });
const anonymous = { because: 'it asks for a user name at the terminal', error: /EOF/ };

describe('a token', () => {
  itAgrees(api, [
    user('goes out as it is', { token: 'T' }, fixed('T')),
    user('of a file counts from the folder of the kubeconfig', { tokenFile: 'sub/tok' }, fixed('FILETOK'), {
      'sub/tok': 'FILETOK\n',
    }),
    user('of a file comes before the one beside it', { token: 'T', tokenFile: 'tok' }, fixed('F'), { tok: 'F' }),
    user('beside a file that is missing is sent', { token: 'T', tokenFile: 'absent' }, fixed('T')),
    user(
      'of a file that is missing is an error',
      { tokenFile: 'absent' },
      {
        error: /cannot read the credentials of context "k" of the kubeconfig \S+: ENOENT.*\/absent/,
      },
    ),
    user(
      'of a file that is empty is an error',
      { tokenFile: 'tok' },
      {
        error: /the token file of users\["k"\]\.user is empty \(\S+\/tok\)/,
      },
      { tok: '\n' },
    ),
    user(
      'in the field token-file, which client-go does not know, does not count',
      { 'token-file': 'tok' },
      {
        request: {},
        kubectl: anonymous,
      },
      { tok: 'F' },
    ),
    user(
      'with a user name beside it is refused',
      { token: 'T', username: 'u', password: 'p' },
      {
        error: /users\["k"\]\.user has both a token and a user name/,
      },
    ),
    user(
      'with a line end within is refused before it is sent',
      { tokenFile: 'tok' },
      {
        error: /the token of users\["k"\]\.user holds characters that no header can carry/,
      },
      { tok: 'a\nb' },
    ),
  ]);
});

describe('other credentials', () => {
  itAgrees(api, [
    user(
      'are a user name and a password',
      { username: 'u', password: 'p' },
      {
        request: { authorization: `Basic ${base64('u:p')}` },
      },
    ),
    user(
      'are a certificate and its key',
      {
        'client-certificate-data': base64(own.cert),
        'client-key-data': base64(own.key),
      },
      { request: { certificate } },
    ),
    user(
      'are files of them, counted from the folder of the kubeconfig',
      {
        'client-certificate': 'pki/me.crt',
        'client-key': './pki/me.key',
      },
      { request: { certificate } },
      { 'pki/me.crt': own.cert, 'pki/me.key': own.key },
    ),
    user(
      'are a certificate and a token together',
      {
        token: 'T',
        'client-certificate-data': base64(own.cert),
        'client-key-data': base64(own.key),
      },
      {
        request: { authorization: 'Bearer T', certificate },
      },
    ),
    user(
      'are refused when a certificate is given twice',
      {
        'client-certificate': 'me.crt',
        'client-certificate-data': base64(own.cert),
        'client-key-data': base64(own.key),
      },
      { error: /users\["k"\]\.user has both client-certificate and client-certificate-data/ },
      { 'me.crt': own.cert },
    ),
    user(
      'are refused when a certificate has no key',
      { 'client-certificate-data': base64(own.cert) },
      {
        error: /users\["k"\]\.user has a client certificate without client-key/,
      },
    ),
    user(
      'are refused when the certificate is none',
      {
        'client-certificate-data': base64('nonsense'),
        'client-key-data': base64(own.key),
      },
      { error: /TLS cannot use the CA, the client certificate or its key/ },
    ),
    user(
      'are an ID token of OpenID Connect that has not expired',
      {
        'auth-provider': {
          name: 'oidc',
          config: { 'id-token': idToken(), 'client-id': 'c', 'idp-issuer-url': 'https://127.0.0.1:1' },
        },
      },
      fixed(idToken()),
    ),
    user(
      'are not those of a provider that Kubernetes has removed',
      { 'auth-provider': { name: 'gcp' } },
      {
        error: /users\["k"\]\.user\.auth-provider "gcp" is not supported.*use an exec plugin/,
      },
    ),
    user('may be none', {}, { request: {}, kubectl: anonymous }),
  ]);
});

describe('a user without credentials', () => {
  for (const [name, fault] of [
    ['is told of when the server wants to know who asks', undefined],
    ['is told of when the server lets nobody unknown read', { status: 403 }],
  ] as const) {
    it(name, async () => {
      if (fault === undefined) api.token = 'secret';
      else api.fail('list', fault);
      using folder = new Folder({ config: config({ cluster, user: {} }) });
      const environment = { KUBECONFIG: join(folder.path, 'config') };
      const { code, stderr } = await runHere(['routes', '--fresh'], { environment });
      assert.equal(code, 1);
      assert.match(stderr, /no credentials were sent, because the user of context "k" of the kubeconfig \S+ has none/);
      api.token = undefined;
    });
  }
});

describe('impersonation', () => {
  itAgrees(api, [
    user(
      'sends the whole identity',
      {
        token: 'T',
        as: 'bob',
        'as-uid': '7',
        'as-groups': ['g1', 'g2'],
        'as-user-extra': { reason: ['x', 'z'], 'example.com/a b%': ['ü'] },
      },
      {
        request: {
          authorization: 'Bearer T',
          as: {
            user: ['bob'],
            uid: ['7'],
            group: ['g1', 'g2'],
            'extra-reason': ['x', 'z'],
            'extra-example.com%2fa%20b%25': [Buffer.from('ü').toString('latin1')],
          },
        },
      },
    ),
    user(
      'of a user alone',
      { token: 'T', as: 'bob' },
      { request: { authorization: 'Bearer T', as: { user: ['bob'] } } },
    ),
    user(
      'without a user is refused',
      { token: 'T', 'as-groups': ['g1'] },
      {
        error: /users\["k"\]\.user has as-uid, as-groups or as-user-extra without as/,
      },
    ),
  ]);
});

/** Unsigned: only the API server looks at a signature. It expires in 2100. */
function idToken(): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: 'eve', exp: 4_102_444_800 })}.x`;
}
