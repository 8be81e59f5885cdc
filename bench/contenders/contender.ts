import type { Program } from '../support/program.ts';

/** PEM: the certificate, its key, and both in one file. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
  readonly both: string;
}

/** How a proxy is to be set up for a scenario. All of its routes lead to one backend. */
export interface ProxySetup {
  /** Its own and empty. */
  readonly folder: string;
  readonly port: number;
  /** Path prefixes such as `/volume`, which are cut off on the way. */
  readonly prefixes: readonly string[];
  /** On 127.0.0.1. */
  readonly backendPort: number;
  /** A line for each request goes there; undefined: no log. */
  readonly accessLog: string | undefined;
  /** Clients speak HTTP/2, and keep a connection for more requests than usual. */
  readonly isHttp2?: boolean;
  /** The backend speaks HTTP/2, too, and paths go there as they come. */
  readonly isGrpc?: boolean;
  /** Clients speak TLS, and the proxy shows this certificate; undefined: they speak in clear. */
  readonly certificate?: CertificateFiles;
  /** What the proxy does with requests beyond passing them on; undefined: nothing. */
  readonly policy?: BenchPolicy;
  /** Requests come to a Gateway, and these rules take them instead of routes for the prefixes; undefined: they do not. */
  readonly httpRules?: readonly HttpRule[];
  /** Ingresses take the requests instead of routes for the prefixes; undefined: they do not. */
  readonly ingressHost?: IngressHost;
  /** Services with these hosts take the requests instead of routes for the prefixes, and two workers serve them; undefined: they do not. */
  readonly tlsHosts?: TlsHosts;
  readonly cpus: string;
}

/** The match of a rule of an HTTPRoute, as the Gateway API writes it. Each leads to the backend. */
export type HttpRule = Readonly<Record<string, unknown>>;

/** The paths of a host, each of an Ingress of its own that leads to the backend. */
export interface IngressHost {
  readonly host: string;
  readonly paths: readonly string[];
  /** The paths are regular expressions. */
  readonly isRegex: boolean;
}

/** Hosts of one Service each. */
export interface TlsHosts {
  readonly names: readonly string[];
  /** Each has one of its own; else all get the default one. */
  readonly haveCertificates: boolean;
}

/** Stands for host and port of the backend in the words of a policy. */
export const BACKEND = 'BACKEND';

/** One policy, in the words of kube-entry and of nginx. */
export interface BenchPolicy {
  /** Of kube-entry, without their prefix. */
  readonly annotations: Readonly<Record<string, string>>;
  /** Manifests that the annotations name. */
  readonly objects?: readonly object[];
  /** Directives of nginx within the location. */
  readonly location: string;
  /** Directives of nginx within its server, beside its locations. */
  readonly server?: string;
  /** Directives of nginx around its server. */
  readonly http?: string;
  /** Files in nginx's folder, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface RunningProxy {
  readonly program: Program;
  /** Serves these beside those of its setup, from now on. @returns once it knows, which need not be when it does so */
  changePrefixes?(prefixes: readonly string[]): Promise<void>;
}

/** A proxy that is measured. */
export interface Contender {
  /** For `--contenders`, and in results. */
  readonly name: string;
  readonly title: string;
  /** What the upstream gets for `/PREFIX/x`: nginx-kit's template makes `//x` of it. */
  readonly upstreamPath: '/x' | '//x';
  /** It serves Gateways, Ingresses and Services by itself. */
  readonly readsKubernetes?: true;
  /** Its configuration has words for {@link BenchPolicy}. */
  readonly hasPolicies?: true;
  /** Its runtime compiles while it serves: it is measured once what is hot has been compiled. */
  readonly compilesAsItRuns?: true;
  /** @throws NotSupportedError when it is not installed, with what to do about it */
  version(): string;
  /** @throws NotSupportedError when it cannot do what the setup asks for */
  start(setup: ProxySetup): RunningProxy;
}
