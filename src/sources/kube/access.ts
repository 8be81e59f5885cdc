/** Where the Kubernetes API is and how to prove who asks: by the account of a pod, or by kubeconfigs as kubectl reads them. */
import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Clock, systemClock } from '../../clock.ts';
import { codeOf, messageOf } from '../../errors.ts';
import { type Logger, silentLogger } from '../../observe/logger.ts';
import type { Settings } from '../../settings/schema.ts';
import { BadKubeConfigError, CredentialsError, KubeError, MissingFileError, UnknownContextError } from './errors.ts';
import { kubeconfigFiles, loadKubeconfigs, stampOf } from './kubeconfig/files.ts';
import type { Kubeconfig, KubeconfigCluster, KubeconfigUser } from './kubeconfig/kubeconfig.ts';
import { Login } from './kubeconfig/login.ts';
import { clusterProblems, userProblems } from './kubeconfig/problems.ts';

export type AccessSettings = Pick<Settings, 'kubeconfig' | 'context'>;

/** What of the machine decides which configuration is found, and what it leads to. */
export interface AccessSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Where the kubelet mounts the service account. */
  readonly accountFolder: string;
  /** Standard input is a terminal, at which a credential plugin may ask. */
  readonly isTerminal: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Which cluster the configuration leads to, told without credentials. */
export interface Cluster {
  /** As in {@link Access}. */
  readonly server: string;
  /** PEM of the certificate authorities that its certificate is checked with; empty when it is not checked. */
  readonly authorities: string;
}

/** How to send one request. */
export interface Access {
  /** URL of the API server, without a slash at its end; it may have a path of its own. */
  readonly server: string;
  /** Who asks, for messages: `context "prod" of the kubeconfig /home/me/.kube/config`. */
  readonly account: string;
  /** Nothing is sent that says who asks. */
  readonly isAnonymous: boolean;
  /** What the server's certificate is checked with, for messages: `the CA in this kubeconfig`. */
  readonly authority: string;
  /** TLS, `Authorization` and, where the kubeconfig names a proxy, the agent that goes through it. */
  readonly options: RequestOptions;
}

/** What the configuration says, and how messages name its parts. */
interface Target {
  readonly login: Login;
  readonly account: string;
  readonly authority: string;
}

export class AccessProvider {
  readonly #settings: AccessSettings;
  readonly #surroundings: AccessSurroundings;
  #target: Target | undefined;
  /** Read the configuration again, whether its files have changed or not. */
  #isDoubtful = false;
  /** Once the account of the pod was found it stays the one: its files may be missing while they are replaced. */
  #isInPod = false;
  /** The signatures of the kubeconfig's files at the time of reading. */
  #readFiles: readonly { readonly file: string; readonly stamp: string | undefined }[] = [];

  constructor(settings: AccessSettings, surroundings: Partial<AccessSurroundings> = {}) {
    this.#settings = settings;
    const { environment = process.env } = surroundings;
    this.#surroundings = {
      environment,
      home: environment.HOME || homedir(),
      accountFolder: '/var/run/secrets/kubernetes.io/serviceaccount',
      isTerminal: process.stdin.isTTY === true,
      clock: systemClock,
      logger: silentLogger(),
      ...surroundings,
    };
  }

  /**
   * Reads CA, certificate and token files anew each time, a kubeconfig when it changed. Takes as long as a credential
   * plugin does.
   * @throws NoKubeConfigError BadKubeConfigError CredentialsError
   */
  async get(): Promise<Access> {
    const { login, account, authority } = this.#current();
    try {
      const options = await login.options();
      return {
        server: withoutSlash(login.cluster.server),
        account,
        isAnonymous: login.isAnonymous,
        authority,
        options,
      };
    } catch (error) {
      if (error instanceof KubeError) throw error;
      const Unusable = isMissingFile(error) ? MissingFileError : CredentialsError;
      throw new Unusable(`cannot read the credentials of ${account}: ${messageOf(error)}`, { cause: error });
    }
  }

  /** @throws NoKubeConfigError BadKubeConfigError CredentialsError */
  async cluster(): Promise<Cluster> {
    const { login } = this.#current();
    const server = withoutSlash(login.cluster.server);
    if (login.cluster.skipTlsVerify) return { server, authorities: '' };
    try {
      return { server, authorities: await login.authorities() };
    } catch (error) {
      throw new CredentialsError(`cannot read the certificate authority of ${server}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Reads everything from its files again next time: the server did not accept what was read before. */
  forget(): void {
    this.#isDoubtful = true;
    this.#target?.login.forget();
  }

  /** Ends a credential plugin that runs. Resolves when it is gone. */
  async close(): Promise<void> {
    await this.#target?.login.close();
  }

  #current(): Target {
    if (this.#target !== undefined && !this.#isDoubtful && !this.#isReplaced) return this.#target;
    const fresh = this.#load();
    const { login } = this.#target ?? {};
    if (login !== undefined && isSame(login, fresh.login)) {
      // What a plugin has answered, or is about to, holds for what the file says now.
      this.#target = { ...fresh, login };
    } else {
      void login?.close();
      this.#target = fresh;
    }
    this.#isDoubtful = false;
    return this.#target;
  }

  /** A file that is missing is about to be there again: what was read of it is good until then. */
  get #isReplaced(): boolean {
    return this.#readFiles.some(({ file, stamp }) => {
      const current = stampOf(file);
      return current !== undefined && current !== stamp;
    });
  }

  #load(): Target {
    const { kubeconfig, context } = this.#settings;
    const { environment, home } = this.#surroundings;
    // A context is a kubeconfig's: who names one does not mean the account of the pod.
    const account = kubeconfig === '' && context === '' ? this.#podAccount() : undefined;
    if (account !== undefined) return account;
    const files = kubeconfigFiles({ named: kubeconfig, environment, home });
    const readFiles = files.map(file => ({ file, stamp: stampOf(file) }));
    const target = this.#targetOf(loadKubeconfigs(files), `kubeconfig ${files.join(', ')}`);
    this.#readFiles = readFiles;
    return target;
  }

  #podAccount(): Target | undefined {
    const { environment, accountFolder } = this.#surroundings;
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = environment;
    const tokenFile = join(accountFolder, 'token');
    if (!host || !(this.#isInPod || existsSync(tokenFile))) return undefined;
    this.#isInPod = true;
    const account = 'the in-cluster account';
    const caFile = join(accountFolder, 'ca.crt');
    const cluster = { ...EMPTY_CLUSTER, server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`, caFile };
    const login = new Login(cluster, { ...EMPTY_USER, place: account, tokenFile }, this.#surroundings);
    return { login, account, authority: caFile };
  }

  /** @param source `kubeconfig /home/me/.kube/config` @throws BadKubeConfigError */
  #targetOf(config: Kubeconfig, source: string): Target {
    const name = this.#settings.context || config.currentContext;
    const context = config.contexts.get(name);
    if (context === undefined) throw noContext(config, source, this.#settings.context);
    const account = `context "${name}" of the ${source}`;
    const absent = (kind: string, wanted: string): BadKubeConfigError =>
      new BadKubeConfigError(`${account} names the ${kind} "${wanted}", which is not there`);
    const cluster = config.clusters.get(context.cluster);
    if (cluster === undefined) throw absent('cluster', context.cluster);
    const user = context.user === '' ? EMPTY_USER : config.users.get(context.user);
    if (user === undefined) throw absent('user', context.user);
    const problems = [...clusterProblems(cluster), ...userProblems(user)];
    if (problems.length > 0) throw new BadKubeConfigError(`cannot use the ${source}: ${problems.join('; ')}`);
    const hasAuthority = cluster.caFile !== '' || cluster.caData !== '';
    const authority = hasAuthority ? `the CA in this ${source}` : 'a CA that this machine trusts';
    return { login: new Login(cluster, user, this.#surroundings), account, authority };
  }
}

const EMPTY_CLUSTER: KubeconfigCluster = {
  place: 'cluster',
  server: '',
  tlsServerName: '',
  skipTlsVerify: false,
  caFile: '',
  caData: '',
  proxyUrl: '',
  disableCompression: false,
  execConfig: undefined,
};

const EMPTY_USER: KubeconfigUser = {
  place: 'user',
  token: '',
  tokenFile: '',
  username: '',
  password: '',
  certFile: '',
  certData: '',
  keyFile: '',
  keyData: '',
  impersonation: { user: '', uid: '', groups: [], extra: [] },
  exec: undefined,
  authProvider: undefined,
};

/** @param chosen the context of the settings; empty when the kubeconfig's own was to count */
function noContext({ contexts, currentContext }: Kubeconfig, source: string, chosen: string): BadKubeConfigError {
  const known = [...contexts.keys()];
  if (known.length === 0) return new BadKubeConfigError(`the ${source} has no contexts: is it one?`);
  const choices = `it has ${known.join(', ')}`;
  if (chosen !== '') return new UnknownContextError(`--context: the ${source} has no context "${chosen}"; ${choices}`);
  if (currentContext === '') {
    return new BadKubeConfigError(`the ${source} has no current context; choose one with --context: ${choices}`);
  }
  return new BadKubeConfigError(
    `the current context "${currentContext}" of the ${source} is not there; choose one with --context: ${choices}`,
  );
}

function isSame(one: Login, other: Login): boolean {
  return isDeepStrictEqual(one.cluster, other.cluster) && isDeepStrictEqual(one.user, other.user);
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '');
}

/** Not a credential plugin that is missing: that would be Node's `spawn`, and costs more to try again. */
function isMissingFile(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' && error instanceof Error && 'syscall' in error && error.syscall === 'open';
}
