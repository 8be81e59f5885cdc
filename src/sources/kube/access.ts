/** Where the Kubernetes API is and how to prove who asks, by client-node's KubeConfig. */
import { existsSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import type { RequestOptions } from 'node:https';
import { isIPv6 } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { codeOf, messageOf } from '../../errors.ts';
import type { Settings } from '../../settings/schema.ts';

import { BadKubeConfigError, CredentialsError, MissingFileError, NoKubeConfigError } from './errors.ts';
import { newKubeConfig } from './kube-config.ts';

export type AccessSettings = Pick<Settings, 'kubeconfig' | 'context'>;

/** What of the machine decides which configuration is found. */
export interface AccessSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** Where the kubelet mounts the service account. */
  readonly accountFolder: string;
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
  /** Who asks, for messages: `context "prod" of /home/me/.kube/config`. */
  readonly account: string;
  /** TLS, `Authorization` and, where the kubeconfig names a proxy, the agent that goes through it. */
  readonly options: RequestOptions;
}

const IN_CLUSTER = 'in-cluster';

export class AccessProvider {
  readonly #settings: AccessSettings;
  readonly #surroundings: AccessSurroundings;
  #config: Promise<KubeConfig> | undefined;
  /** Once the account of the pod was found it stays the one: its files may be missing while they are replaced. */
  #isInPod = false;
  /** The kubeconfig's files as they were when they were read. */
  #readFiles: readonly { readonly file: string; readonly stamp: string | undefined }[] = [];

  constructor(settings: AccessSettings, surroundings: Partial<AccessSurroundings> = {}) {
    this.#settings = settings;
    this.#surroundings = {
      environment: process.env,
      home: homedir(),
      accountFolder: '/var/run/secrets/kubernetes.io/serviceaccount',
      ...surroundings,
    };
  }

  /**
   * Reads CA and certificate files anew each time, a token file at most a minute old, a kubeconfig when it changed.
   * @throws NoKubeConfigError BadKubeConfigError CredentialsError
   */
  async get(): Promise<Access> {
    const config = await this.#loaded();
    const { server, skipTLSVerify, proxyUrl } = this.#clusterOf(config);
    if (server.startsWith('http:') && !skipTLSVerify) {
      throw new BadKubeConfigError(
        `the server ${server} of ${this.#accountOf(config)} is not https: if that is meant, set insecure-skip-tls-verify on its cluster`,
      );
    }
    const options: RequestOptions = {};
    try {
      await config.applyToHTTPSOptions(options);
    } catch (error) {
      const Unusable = isMissingFile(error) ? MissingFileError : CredentialsError;
      throw new Unusable(`cannot read the credentials of ${this.#accountOf(config)}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    // The library's agent makes a connection for every request; it is wanted only for the way through a proxy.
    if (proxyUrl === undefined) delete options.agent;
    const headers = trimmed(options.headers);
    if (this.#isInCluster(config) && headers.Authorization === undefined) {
      throw new CredentialsError(`the token file of the in-cluster account is empty (${this.#tokenFile})`);
    }
    return { server: withoutSlash(server), account: this.#accountOf(config), options: { ...options, headers } };
  }

  /** @throws NoKubeConfigError BadKubeConfigError CredentialsError */
  async cluster(): Promise<Cluster> {
    const { server, skipTLSVerify, caData, caFile } = this.#clusterOf(await this.#loaded());
    try {
      if (skipTLSVerify) return { server: withoutSlash(server), authorities: '' };
      if (caData) return { server: withoutSlash(server), authorities: Buffer.from(caData, 'base64').toString('utf8') };
      return { server: withoutSlash(server), authorities: caFile ? await readFile(caFile, 'utf8') : '' };
    } catch (error) {
      throw new CredentialsError(`cannot read the certificate authority of ${server}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Reads everything from its files again next time: the server did not accept what was read before. */
  forget(): void {
    this.#config = undefined;
  }

  #loaded(): Promise<KubeConfig> {
    if (this.#isReplaced) this.forget();
    this.#config ??= this.#load();
    return this.#config.catch((error: unknown) => {
      this.#config = undefined;
      throw error;
    });
  }

  /** @throws BadKubeConfigError */
  #clusterOf(config: KubeConfig): NonNullable<ReturnType<KubeConfig['getCurrentCluster']>> {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw this.#noCluster(config);
    return cluster;
  }

  /** A file that is missing is about to be there again: what was read of it is good until then. */
  get #isReplaced(): boolean {
    return this.#readFiles.some(({ file, stamp }) => {
      const current = stampOf(file);
      return current !== undefined && current !== stamp;
    });
  }

  async #load(): Promise<KubeConfig> {
    const { kubeconfig, context } = this.#settings;
    const config = await newKubeConfig();
    const isLoaded =
      // A context is a kubeconfig's: who names one does not mean the account of the pod.
      kubeconfig === '' && context === '' && this.#loadAccount(config);
    if (!isLoaded) {
      const [first, ...others] = this.#kubeconfigFiles();
      this.#readFiles = [first, ...others].map(file => ({ file, stamp: stampOf(file) }));
      try {
        config.loadFromFile(first);
        for (const file of others) {
          const other = await newKubeConfig();
          other.loadFromFile(file);
          // As kubectl does: the first file that names a current context decides.
          config.mergeConfig(other, config.getCurrentContext() !== undefined);
        }
      } catch (error) {
        const reason = codeOf(error) === 'ENOENT' ? 'it does not exist' : firstLine(messageOf(error));
        throw new BadKubeConfigError(`cannot use the ${this.#source}: ${reason}`, { cause: error });
      }
    }
    if (context !== '') config.setCurrentContext(context);
    return config;
  }

  #loadAccount(config: KubeConfig): boolean {
    const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = this.#surroundings.environment;
    if (!host || !(this.#isInPod || existsSync(this.#tokenFile))) return false;
    this.#isInPod = true;
    config.loadFromClusterAndUser(
      {
        name: IN_CLUSTER,
        server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
        caFile: join(this.#surroundings.accountFolder, 'ca.crt'),
        skipTLSVerify: false,
      },
      { name: IN_CLUSTER, authProvider: { name: 'tokenFile', config: { tokenFile: this.#tokenFile } } },
    );
    return true;
  }

  /** @throws NoKubeConfigError when there is none */
  #kubeconfigFiles(): [string, ...string[]] {
    const { kubeconfig } = this.#settings;
    if (kubeconfig !== '') return [kubeconfig];
    const { environment, home } = this.#surroundings;
    const listed = (environment.KUBECONFIG ?? '').split(delimiter).filter(file => file !== '');
    const candidates = listed.length > 0 ? listed : [join(home, '.kube', 'config')];
    const [first, ...others] = candidates.filter(file => existsSync(file));
    if (first === undefined) {
      throw new NoKubeConfigError(
        `no way to a Kubernetes API: this is not a pod with a service account, and ${candidates.join(', ')} does not exist. Name a kubeconfig with --kubeconfig or $KUBECONFIG, or choose another source with --manifests or --source push`,
      );
    }
    return [first, ...others];
  }

  #noCluster(config: KubeConfig): BadKubeConfigError {
    const current: string | undefined = config.getCurrentContext();
    const known = config.getContexts().map(({ name }) => name);
    if (known.length === 0) return new BadKubeConfigError(`the ${this.#source} has no contexts: is it one?`);
    const choices = `it has ${known.join(', ')}`;
    if (!current) {
      return new BadKubeConfigError(
        `the ${this.#source} has no current context; choose one with --context: ${choices}`,
      );
    }
    if (known.includes(current)) {
      return new BadKubeConfigError(`context "${current}" of the ${this.#source} names a cluster that is not there`);
    }
    return new BadKubeConfigError(`the ${this.#source} has no context "${current}"; ${choices}`);
  }

  /** `kubeconfig /home/me/.kube/config` */
  get #source(): string {
    return `kubeconfig ${this.#readFiles.map(({ file }) => file).join(', ')}`;
  }

  #accountOf(config: KubeConfig): string {
    if (this.#isInCluster(config)) return 'the in-cluster account';
    return `context "${config.getCurrentContext()}" of the ${this.#source}`;
  }

  #isInCluster(config: KubeConfig): boolean {
    return config.getCurrentUser()?.name === IN_CLUSTER;
  }

  get #tokenFile(): string {
    return join(this.#surroundings.accountFolder, 'token');
  }
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, '');
}

/** Not a credential plugin that is missing: that would be Node's `spawn`, and costs more to try again. */
function isMissingFile(error: unknown): boolean {
  return codeOf(error) === 'ENOENT' && error instanceof Error && 'syscall' in error && error.syscall === 'open';
}

/** A YAML parser shows the place below it, in several lines. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** Differs when the content does; undefined while the file cannot be found. */
function stampOf(file: string): string | undefined {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}

/** A token file may end in a newline, which no header may hold. */
function trimmed(headers: RequestOptions['headers'] = {}): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) values[name] = String(value).trim();
  }
  return values;
}
