/** One row of the tables: files and environment, and the request or the complaint that must come of them. */
import type { ReceivedRequest } from '../support/kube-api.ts';

/** What of a request a kubeconfig decides. */
export interface RequestFacts {
  readonly authorization?: string;
  /** Headers `Impersonate-…`, without that, in lower case. */
  readonly as?: Readonly<Record<string, readonly string[]>>;
  /** The name the server's certificate must have, where it is not the address. */
  readonly serverName?: string;
  /** SHA-256 of the client's certificate. */
  readonly certificate?: string;
}

export interface KubectlDiffers {
  /** Why kube-entry does otherwise. */
  readonly because: string;
  readonly request?: RequestFacts;
  /** What its complaint says. Without a request and a complaint it is not asked. */
  readonly error?: RegExp;
}

export interface Case {
  readonly name: string;
  /** By name within a folder of its own. `config` is the kubeconfig, unless the environment says otherwise. */
  readonly files: Readonly<Record<string, string>>;
  /** Names of files that are $KUBECONFIG. */
  readonly kubeconfig?: readonly string[];
  readonly context?: string;
  /** Expected of kube-entry; one of the two. */
  readonly request?: RequestFacts;
  readonly error?: RegExp;
  /** Exit code with an error; 1 if it is not said. */
  readonly exit?: number;
  /** Present where kubectl does not do the same. */
  readonly kubectl?: KubectlDiffers;
}

export interface Entry {
  readonly name?: string;
  readonly user?: object;
  readonly cluster?: object;
  readonly current?: string;
}

/** A kubeconfig with one cluster, user and context, all of one name. JSON is YAML. */
export function config({ name = 'k', user = {}, cluster = {}, current = name }: Entry): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster }],
    users: [{ name, user }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': current,
  });
}

export function factsOf({ headers, headersDistinct, tls }: ReceivedRequest): RequestFacts {
  const as = Object.entries(headersDistinct).flatMap(([header, values = []]) =>
    header.startsWith('impersonate-') ? [[header.slice('impersonate-'.length), values] as const] : [],
  );
  return {
    ...(headers.authorization !== undefined && { authorization: headers.authorization }),
    ...(as.length > 0 && { as: Object.fromEntries(as) }),
    ...(tls !== undefined && tls.serverName !== '' && { serverName: tls.serverName }),
    ...(tls !== undefined && tls.certificate !== '' && { certificate: tls.certificate }),
  };
}
