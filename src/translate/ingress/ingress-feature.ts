/** What an annotation of ingress-nginx is to the translation: its rows in the table, and how their values are read. */
import type { Cluster } from '../../model/cluster.ts';
import type { Credentials } from '../../model/credentials.ts';
import type { Policy } from '../../model/policy.ts';
import type { CanaryRule, ClusterId, IngressRoute, RouteOverrides, ServiceRef } from '../../model/route.ts';
import type { ClientCertificatePolicy } from '../../model/tls-host.ts';
import type { CredentialsFault } from '../../resources/credentials.ts';
import type { SecretRef } from '../../resources/secret-store.ts';
import type { ClusterSettings } from '../cluster-settings.ts';
import type { SecretCertificate } from '../secret-certificate.ts';
import type { ServiceReference } from '../service-reference.ts';
import type { Authorities } from '../tls-authorities.ts';
import type { IngressConfig } from './config/ingress-config.ts';
import type { IngressOptions } from './ingress-options.ts';

/**
 * What becomes of an annotation. `no-effect`: it is taken, and there is nothing to do for it here. `refused`: whoever writes it is told
 * by name what to do instead. `dead`: ingress-nginx 1.15 itself ignores it.
 */
export type Support = 'works' | 'no-effect' | 'refused' | 'dead';

/** One annotation, as documents show it. */
export interface IngressRow {
  /** Behind `nginx.ingress.kubernetes.io/`. */
  readonly name: string;
  readonly support: Support;
  /** The grammar of its value, in one line. */
  readonly value: string;
  /** A value that is right. */
  readonly example: string;
  /** What it does here, in one sentence. */
  readonly help: string;
  /** How that differs from ingress-nginx; absent: it does not. */
  readonly differs?: string;
  /** Present unless it works: the reason, and what to do instead. */
  readonly why?: string;
}

/** A ConfigMap that annotations or settings name. */
export type ConfigMapData = ReadonlyMap<string, string>;

/** The annotations of an Ingress, as features read them. */
export interface IngressValues {
  readonly ingress: ServiceRef;
  /** Those of its rules, in lower case, each once; {@link CATCH_ALL_HOST} for rules without one, and where there is no rule. */
  readonly hosts: readonly string[];
  readonly config: IngressConfig;
  readonly options: IngressOptions;
  /** An empty value counts as absent. */
  get(name: string): string | undefined;
  /** As it stands there; empty where it is there and empty. */
  raw(name: string): string | undefined;
  /** A boolean as Go reads it (strconv.ParseBool). Anything else is the fallback, and its author is told. */
  bool(name: string, fallback: boolean): boolean;
  /**
   * Reads a value where the annotation is there. For a bad one, ingress-nginx takes the default in silence: so does this, and its author
   * is told.
   * @param parse throws a FormatError that says what is wrong and what to write instead; the annotation's name is put before it
   */
  read<T>(name: string, parse: (text: string) => T): T | undefined;
  /** As {@link read}, but for a bad value the locations of the Ingress answer 503, as they do in ingress-nginx. */
  require<T>(name: string, parse: (text: string) => T): T | undefined;
  /** The whole Ingress is refused. One that was served before is served on as it was. */
  refuse(name: string, why: string): void;
  /** The locations of the Ingress answer 503: a protection that it asks for cannot be had. */
  deny(name: string, why: string): void;
  /** As {@link deny}, because of a value of the ConfigMap. */
  denyByConfig(key: string, why: string): void;
  /** Its author is told that this value does something else than in ingress-nginx, or nothing. */
  tell(name: string, why: string): void;
  /** Its author is told that certificates of endpoints are not verified. */
  warnUnverified(name: string, why: string): void;
  /** The cluster of another Service of the same namespace; undefined where requests cannot be sent there, which its author is told. */
  clusterOfService(name: string, reference: ServiceReference): ClusterId | undefined;
  /** The cluster that answers where no location does; undefined where the program has none, or requests cannot be sent there. */
  clusterOfDefaultBackend(): ClusterId | undefined;
  /** The cluster of a host that need not be a Service. @param isVerified whether its certificate has to be valid, for `https` */
  clusterOfUrl(url: URL, isVerified?: boolean): ClusterId;
  /** The users of a Secret, or why there are none. Its author is told. @param shape `auth-map`: each key is a user */
  credentials(name: string, secret: SecretRef): Credentials | CredentialsFault;
  /** The certificate authorities of a Secret; undefined while they are not known. */
  authorities(name: string, secret: SecretRef): Authorities;
  /** The certificate and key of a Secret; undefined while they are not known. */
  certificate(name: string, secret: SecretRef): SecretCertificate | { readonly fault: string } | undefined;
  /** A ConfigMap, or why there is none. */
  configMap(name: string, ref: ServiceRef): ConfigMapData | { readonly fault: string };
  /** A ConfigMap that the one of ingress-nginx names; undefined where it is not there, which counts as an empty one. */
  globalConfigMap(ref: ServiceRef): ConfigMapData | undefined;
}

/** What is decided once for each host: the first Ingress of the host wins. */
export interface ServerEffect {
  /** Further names of the host, in lower case. */
  readonly aliases?: readonly string[];
  /** Where requests for `/` are sent. */
  readonly appRoot?: string;
  /** Requests for the host with `www.`, or without it, are sent here with this status. */
  readonly wwwRedirectStatus?: number;
  readonly clientCertificate?: ClientCertificatePolicy;
  /** What else is done with the requests of the host, where {@link clientCertificate} counts. */
  readonly certificatePolicies?: readonly Policy[];
  /** The bytes of TLS go to the Service of `/` untouched. */
  readonly isPassthrough?: true;
  /** All requests for the host are refused with 403, and why. */
  readonly forbidden?: string;
}

/** Which requests a canary takes. */
export interface IngressCanary {
  readonly rule: CanaryRule;
  /** Its clients are bound by the cookie of the primary. */
  readonly sharesAffinity: boolean;
}

/** What clients have to show before they are let in. */
export interface AccessEffect {
  /** By host of the rules. */
  readonly guarded: ReadonlyMap<string, readonly Policy[]>;
  /** Of the locations whose paths begin with one of {@link openPaths}, whatever the host. */
  readonly open: readonly Policy[];
  readonly openPaths: readonly string[];
}

/** What the annotations of an Ingress ask for. */
export interface IngressEffect {
  /** Of all its locations. */
  readonly policies?: readonly Policy[];
  /** Further policies, which host and path decide. */
  readonly access?: AccessEffect;
  /** Of all its locations, where they are not as the ConfigMap has them. */
  readonly overrides?: RouteOverrides;
  /** Of all its locations. */
  readonly route?: Partial<Omit<IngressRoute, 'ingress'>>;
  /** What the endpoints of all its locations speak. */
  readonly speech?: Pick<Cluster, 'protocol' | 'tls'>;
  /** How requests to its Services are spread: for each Service and port, the first Ingress wins. */
  readonly upstream?: Partial<ClusterSettings> & { readonly byClusterIP?: true };
  readonly server?: ServerEffect;
  readonly paths?: {
    readonly useRegex?: true;
    /** Another path for the upstream. */
    readonly rewrite?: { readonly target: string; readonly forwardedPrefix?: string };
  };
  /** It has no locations of its own, and takes requests of those of others. */
  readonly canary?: IngressCanary;
}

export interface IngressFeature {
  /** Empty: the ConfigMap alone asks for it. */
  readonly rows: readonly IngressRow[];
  /**
   * Called once for each Ingress, whether the annotations are there or not: the ConfigMap has defaults for many. Absent for rows that do
   * nothing.
   */
  read?(values: IngressValues): IngressEffect | undefined;
}
