import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { isIP } from 'node:net';
import { checkServerIdentity, getCACertificates, setDefaultCACertificates } from 'node:tls';
import { CredentialsError } from '../errors.ts';
import { requestOptions } from '../kube-config.ts';
import { ExecPlugin, type PluginSurroundings } from './exec-plugin.ts';
import { impersonationHeaders } from './impersonation.ts';
import type { KubeconfigCluster, KubeconfigUser } from './kubeconfig.ts';
import { hasCertificate } from './problems.ts';
import { TokenFile } from './token-file.ts';

/** A user at a cluster: what is sent to prove who asks, and what the server has to prove. */
export class Login {
  readonly cluster: KubeconfigCluster;
  readonly user: KubeconfigUser;
  readonly #tokenFile: TokenFile | undefined;
  readonly #plugin: ExecPlugin | undefined;
  /** An identity provider's: the library renews the tokens in it. */
  readonly #authProvider: KubeconfigUser['authProvider'];

  constructor(cluster: KubeconfigCluster, user: KubeconfigUser, surroundings: PluginSurroundings) {
    this.cluster = cluster;
    this.user = user;
    this.#tokenFile = user.tokenFile === '' ? undefined : new TokenFile(user.tokenFile);
    this.#authProvider = hasOwnCredentials(user) ? undefined : structuredClone(user.authProvider);
    // Credentials that the kubeconfig itself holds come first: then the plugin is not run.
    this.#plugin =
      user.exec === undefined || hasOwnCredentials(user)
        ? undefined
        : new ExecPlugin(user.exec, cluster, () => this.authorities(), surroundings);
  }

  /** Nothing is sent that says who asks. */
  get isAnonymous(): boolean {
    const { user } = this;
    return !hasOwnCredentials(user) && user.exec === undefined && user.authProvider === undefined;
  }

  /** PEM of what the server's certificate is checked with; empty when that is up to this machine, or not checked. */
  async authorities(): Promise<string> {
    const { caData, caFile } = this.cluster;
    if (caData !== '') return Buffer.from(caData, 'base64').toString('utf8');
    return caFile === '' ? '' : await readFile(caFile, 'utf8');
  }

  /** TLS, headers, and an agent where a proxy leads to the cluster. @throws CredentialsError; the error of reading a file */
  async options(): Promise<RequestOptions> {
    const { cluster, user } = this;
    const { server, caFile, caData, skipTlsVerify, proxyUrl } = cluster;
    const tlsServerName = isIP(cluster.tlsServerName) === 0 ? cluster.tlsServerName : '';
    if (caFile === '' && caData === '') trustThisMachine();
    const issued = await this.#plugin?.credential();
    const token = (await this.#ownToken()) ?? issued?.token ?? '';
    if (!/^[\x20-\x7e]*$/.test(token)) {
      throw new CredentialsError(`the token of ${user.place} holds characters that no header can carry`);
    }
    const options = await requestOptions(
      {
        name: cluster.place,
        server,
        skipTLSVerify: skipTlsVerify,
        ...withoutEmpty({ caFile, caData, tlsServerName, proxyUrl }),
      },
      {
        name: user.place,
        ...withoutEmpty({ token, username: user.username, password: user.password }),
        ...withoutEmpty(
          issued === undefined || issued.cert === ''
            ? { certFile: user.certFile, certData: user.certData, keyFile: user.keyFile, keyData: user.keyData }
            : { certData: base64(issued.cert), keyData: base64(issued.key) },
        ),
        ...(this.#authProvider !== undefined && { authProvider: this.#authProvider }),
      },
    );
    return {
      ...options,
      ...(tlsServerName !== cluster.tlsServerName && expectAddress(cluster.tlsServerName)),
      headers: { ...options.headers, ...impersonationHeaders(user.impersonation) },
    };
  }

  /** The API server has refused what was sent last. */
  forget(): void {
    this.#tokenFile?.forget();
    this.#plugin?.forget();
  }

  /** Ends a plugin that runs. Resolves when it is gone. */
  async close(): Promise<void> {
    await this.#plugin?.close();
  }

  /** The file's, which others replace, before the one beside it. */
  async #ownToken(): Promise<string | undefined> {
    const { token, tokenFile, place } = this.user;
    if (this.#tokenFile === undefined) return token === '' ? undefined : token;
    const read = await this.#tokenFile.read().catch((error: unknown) => {
      if (token === '') throw error;
      return token;
    });
    if (read === undefined && token === '')
      throw new CredentialsError(`the token file of ${place} is empty (${tokenFile})`);
    return read ?? token;
  }
}

function hasOwnCredentials(user: KubeconfigUser): boolean {
  const { token, tokenFile, username, password } = user;
  return [token, tokenFile, username, password].some(text => text !== '') || hasCertificate(user);
}

let isMachineTrusted = false;

/** Without a CA of its own kubectl trusts what the machine does; Node alone would trust only what it was built with. */
function trustThisMachine(): void {
  if (isMachineTrusted) return;
  isMachineTrusted = true;
  setDefaultCACertificates([...new Set([...getCACertificates('default'), ...getCACertificates('system')])]);
}

/** An address is not sent as a server name (RFC 6066 section 3); the certificate must have it all the same. */
function expectAddress(address: string): Pick<RequestOptions, 'servername' | 'checkServerIdentity'> {
  return {
    servername: '',
    checkServerIdentity: (_host, certificate) => checkServerIdentity(address, certificate),
  };
}

function withoutEmpty<T extends Record<string, string>>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== '')) as Partial<T>;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
