/** Which file, which entry, which context counts. */
import { after, describe } from 'node:test';
import { KubeApi } from '../support/kube-api.ts';
import { itAgrees } from './ask.ts';
import { config, type Entry } from './case.ts';

const api = await KubeApi.start({ tls: true });
after(() => api[Symbol.asyncDispose]());

const here = { server: api.url, 'certificate-authority-data': Buffer.from(api.ca).toString('base64') };
const elsewhere = { server: 'https://127.0.0.1:1' };

function file(entry: Entry = {}): string {
  return config({ cluster: here, ...entry });
}

describe('KUBECONFIG with several files', () => {
  itAgrees(api, [
    {
      name: 'the first file counts where both have a cluster, a user and a context of one name',
      files: { a: file({ user: { token: 'A' } }), b: file({ user: { token: 'B' }, cluster: elsewhere }) },
      kubeconfig: ['a', 'b'],
      request: { authorization: 'Bearer A' },
    },
    {
      name: 'an entry of the first file counts whole: what it leaves out is not taken from the second',
      files: {
        a: file({ user: { token: 'A' } }),
        b: file({ user: { as: 'bob', token: 'B' }, cluster: { ...here, 'tls-server-name': 'localhost' } }),
      },
      kubeconfig: ['a', 'b'],
      request: { authorization: 'Bearer A' },
    },
    {
      name: 'the same file twice is one file',
      files: { a: file({ user: { token: 'A' } }) },
      kubeconfig: ['a', 'a'],
      request: { authorization: 'Bearer A' },
    },
    {
      name: 'the first current context that is not empty counts',
      files: {
        a: file({ name: 'a', user: { token: 'A' }, current: '' }),
        b: file({ name: 'b', user: { token: 'B' } }),
        c: file({ name: 'c', user: { token: 'C' } }),
      },
      kubeconfig: ['a', 'b', 'c'],
      request: { authorization: 'Bearer B' },
    },
    {
      name: 'a context may name a cluster and a user of other files',
      files: {
        a: JSON.stringify({ contexts: [{ name: 'x', context: { cluster: 'k', user: 'u' } }], 'current-context': 'x' }),
        b: JSON.stringify({ users: [{ name: 'u', user: { token: 'U' } }] }),
        c: file(),
      },
      kubeconfig: ['a', 'b', 'c'],
      request: { authorization: 'Bearer U' },
    },
    {
      name: 'files that do not exist are passed over, and so are empty ones',
      files: { empty: '', b: file({ user: { token: 'B' } }) },
      kubeconfig: ['absent', 'empty', 'b'],
      request: { authorization: 'Bearer B' },
    },
    {
      name: 'a file that cannot be read as YAML is refused, though the others would do',
      files: { a: file({ user: { token: 'A' } }), b: 'clusters: [' },
      kubeconfig: ['a', 'b'],
      error: /cannot use the kubeconfig \S+\/b: line 1: /,
    },
    {
      name: 'two entries of one name in one file are refused',
      files: {
        config: JSON.stringify({
          ...JSON.parse(file()),
          users: [
            { name: 'k', user: { token: '1' } },
            { name: 'k', user: { token: '2' } },
          ],
        }),
      },
      error: /kubeconfig \S+\/config: users has two entries named "k"/,
    },
    {
      name: 'another context can be chosen',
      files: { a: file({ name: 'a', user: { token: 'A' } }), b: file({ name: 'b', user: { token: 'B' } }) },
      kubeconfig: ['a', 'b'],
      context: 'b',
      request: { authorization: 'Bearer B' },
    },
    {
      name: 'a context that is chosen and not there is a mistake of the command line',
      files: { config: file() },
      context: 'prod',
      error: /^kube-entry: --context: the kubeconfig \S+ has no context "prod"; it has k$/m,
      exit: 2,
    },
    {
      name: 'a current context that is not there is named',
      files: { config: file({ current: 'gone' }) },
      error: /the current context "gone" of the kubeconfig \S+ is not there; choose one with --context: it has k/,
    },
    {
      name: 'without a current context one is asked for',
      files: { config: file({ current: '' }) },
      error: /has no current context; choose one with --context: it has k/,
    },
    {
      name: 'no file at all is no way to an API server',
      files: {},
      error:
        /no way to a Kubernetes API: .*\/config does not exist\. Name a kubeconfig with --kubeconfig or \$KUBECONFIG/,
    },
  ]);
});

describe('a context', () => {
  const context = (context: object): string =>
    JSON.stringify({ ...JSON.parse(file()), contexts: [{ name: 'k', context }] });
  itAgrees(api, [
    {
      name: 'whose cluster is missing is named',
      files: { config: context({ cluster: 'gone', user: 'k' }) },
      error: /context "k" of the kubeconfig \S+ names the cluster "gone", which is not there/,
    },
    {
      name: 'whose user is missing is named',
      files: { config: context({ cluster: 'k', user: 'gone' }) },
      error: /context "k" of the kubeconfig \S+ names the user "gone", which is not there/,
    },
  ]);
});

describe('a file that holds something else', () => {
  itAgrees(api, [
    {
      name: 'is named: another kind of object',
      files: { config: '{apiVersion: v1, kind: Service, metadata: {name: x}}' },
      error: /kubeconfig \S+: it is "v1 Service", not a kubeconfig/,
    },
    {
      name: 'is named: a list instead of a mapping',
      files: { config: '[]' },
      error: /kubeconfig \S+: the file must be a mapping/,
    },
    {
      name: 'is named with its field: a token that is a number, which is not shown',
      files: { config: file({ user: { token: 31337 } }) },
      error: /kubeconfig \S+: users\["k"\]\.user\.token must be a string: put quotes around it$/m,
    },
    {
      name: 'is named with its field: clusters that are no list',
      files: { config: '{clusters: {k: {}}}' },
      error: /kubeconfig \S+: clusters must be a list/,
    },
    {
      name: 'is named with its field: certificates that are not base64',
      files: { config: file({ cluster: { server: api.url, 'certificate-authority-data': 'nonsense!' } }) },
      error: /kubeconfig \S+: clusters\["k"\]\.cluster\.certificate-authority-data is not base64/,
    },
  ]);
});
