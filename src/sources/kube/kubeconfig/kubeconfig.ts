/**
 * kubeconfig files as client-go reads and merges them.
 * https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 */
import { dirname, isAbsolute, join, sep } from 'node:path';
import { FormatError } from '../../../errors.ts';
import { parseYaml } from '../../../formats/yaml.ts';
import { quote } from '../../../text/quote.ts';
import { Fields } from './fields.ts';

export interface KubeconfigCluster {
  /** Where it stands, for messages. */
  readonly place: string;
  readonly server: string;
  readonly tlsServerName: string;
  readonly skipTlsVerify: boolean;
  readonly caFile: string;
  /** Base64 of PEM. */
  readonly caData: string;
  readonly proxyUrl: string;
  readonly disableCompression: boolean;
  /** What the cluster tells exec plugins: its extension `client.authentication.k8s.io/exec`. */
  readonly execConfig: unknown;
}

export interface ExecConfig {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly apiVersion: string;
  readonly installHint: string;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: string;
}

export interface Impersonation {
  readonly user: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: readonly { readonly key: string; readonly values: readonly string[] }[];
}

export interface KubeconfigUser {
  readonly place: string;
  readonly token: string;
  readonly tokenFile: string;
  readonly username: string;
  readonly password: string;
  readonly certFile: string;
  readonly certData: string;
  readonly keyFile: string;
  readonly keyData: string;
  readonly impersonation: Impersonation;
  readonly exec: ExecConfig | undefined;
  readonly authProvider: { readonly name: string; readonly config: Record<string, string> } | undefined;
}

export interface KubeconfigContext {
  readonly cluster: string;
  readonly user: string;
}

export interface Kubeconfig {
  readonly clusters: ReadonlyMap<string, KubeconfigCluster>;
  readonly users: ReadonlyMap<string, KubeconfigUser>;
  readonly contexts: ReadonlyMap<string, KubeconfigContext>;
  readonly currentContext: string;
}

const EXEC_EXTENSION = 'client.authentication.k8s.io/exec';

/**
 * Reads the text of one file. Relative paths in it count from its folder.
 * @throws FormatError with the line, or the field, that cannot be used
 */
export function readKubeconfig(text: string, file: string): Kubeconfig {
  const root = new Fields(parseYaml(text), '');
  const kind = root.text('kind');
  const apiVersion = root.text('apiVersion');
  if ((kind !== '' && kind !== 'Config') || (apiVersion !== '' && apiVersion !== 'v1')) {
    throw new FormatError(`it is ${quote(`${apiVersion} ${kind}`.trim())}, not a kubeconfig (v1 Config)`);
  }
  const resolve = (path: string): string => (path === '' || isAbsolute(path) ? path : join(dirname(file), path));
  return {
    clusters: byName(root, 'clusters', 'cluster', fields => readCluster(fields, resolve)),
    users: byName(root, 'users', 'user', fields => readUser(fields, resolve)),
    contexts: byName(root, 'contexts', 'context', fields => ({
      cluster: fields.text('cluster'),
      user: fields.text('user'),
    })),
    currentContext: root.text('current-context'),
  };
}

/** Of each name the first file's entry counts, whole; the first current context that is not empty counts. */
export function mergeKubeconfigs(files: readonly Kubeconfig[]): Kubeconfig {
  const firstOf = <T>(pick: (file: Kubeconfig) => ReadonlyMap<string, T>): Map<string, T> =>
    new Map(files.toReversed().flatMap(file => [...pick(file)]));
  return {
    clusters: firstOf(({ clusters }) => clusters),
    users: firstOf(({ users }) => users),
    contexts: firstOf(({ contexts }) => contexts),
    currentContext: files.find(({ currentContext }) => currentContext !== '')?.currentContext ?? '',
  };
}

function byName<T>(root: Fields, list: string, field: string, read: (fields: Fields) => T): Map<string, T> {
  const entries = new Map<string, T>();
  for (const entry of root.objects(list)) {
    const name = entry.text('name');
    if (entries.has(name)) throw new FormatError(`${list} has two entries named ${quote(name)}`);
    entries.set(name, read(new Fields(entry.raw(field), `${list}[${quote(name)}].${field}`)));
  }
  return entries;
}

function readCluster(fields: Fields, resolve: (path: string) => string): KubeconfigCluster {
  const extension = fields.objects('extensions').find(candidate => candidate.text('name') === EXEC_EXTENSION);
  return {
    place: fields.place,
    server: fields.text('server'),
    tlsServerName: fields.text('tls-server-name'),
    skipTlsVerify: fields.flag('insecure-skip-tls-verify'),
    caFile: resolve(fields.text('certificate-authority')),
    caData: base64(fields, 'certificate-authority-data'),
    proxyUrl: fields.text('proxy-url'),
    disableCompression: fields.flag('disable-compression'),
    execConfig: extension?.raw('extension'),
  };
}

function readUser(fields: Fields, resolve: (path: string) => string): KubeconfigUser {
  const extra = fields.object('as-user-extra');
  const provider = fields.object('auth-provider');
  return {
    place: fields.place,
    token: fields.text('token'),
    tokenFile: resolve(fields.text('tokenFile')),
    username: fields.text('username'),
    password: fields.text('password'),
    certFile: resolve(fields.text('client-certificate')),
    certData: base64(fields, 'client-certificate-data'),
    keyFile: resolve(fields.text('client-key')),
    keyData: base64(fields, 'client-key-data'),
    impersonation: {
      user: fields.text('as'),
      uid: fields.text('as-uid'),
      groups: fields.texts('as-groups'),
      extra: extra.names.map(key => ({ key, values: extra.texts(key) })),
    },
    exec: fields.has('exec') ? readExec(fields.object('exec'), resolve) : undefined,
    authProvider: fields.has('auth-provider')
      ? { name: provider.text('name'), config: textsOf(provider.object('config')) }
      : undefined,
  };
}

function readExec(fields: Fields, resolve: (path: string) => string): ExecConfig {
  const command = fields.text('command');
  const apiVersion = fields.text('apiVersion');
  const interactiveMode = fields.text('interactiveMode');
  return {
    // A bare name is looked up in $PATH.
    command: command.includes(sep) ? resolve(command) : command,
    args: fields.texts('args'),
    env: fields.objects('env').map(variable => ({ name: variable.text('name'), value: variable.text('value') })),
    apiVersion,
    installHint: fields.text('installHint'),
    provideClusterInfo: fields.flag('provideClusterInfo'),
    // v1 wants it said; before, this was the default.
    interactiveMode: interactiveMode === '' && apiVersion.endsWith('/v1beta1') ? 'IfAvailable' : interactiveMode,
  };
}

function textsOf(fields: Fields): Record<string, string> {
  return Object.fromEntries(fields.names.map(name => [name, fields.text(name)]));
}

/** Buffer.from passes over what is not base64; half a certificate would be a riddle. @throws FormatError */
function base64(fields: Fields, field: string): string {
  const text = fields.text(field).replace(/[\r\n]/g, '');
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new FormatError(`${fields.placeOf(field)} is not base64`);
  }
  return text;
}
