/** Cases of Ingresses as data: what is asked for, the requests, and what has to come of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

/** A header's value; null: there is no such header. A list: each of the values, in this order. */
export type ExpectedHeaders = Readonly<Record<string, string | readonly string[] | null>>;

export interface CasePath {
  readonly service?: string;
  /** Of the Service: by default its number 80. */
  readonly port?: number | string;
  readonly type?: 'Exact' | 'Prefix' | 'ImplementationSpecific';
  /** Another object than a Service. */
  readonly resource?: true;
}

export interface CaseIngress {
  /** By default `i1`, `i2` …, in the order of the case. */
  readonly name?: string;
  readonly namespace?: string;
  /** Seconds of age: by default, each is younger than the one before it. */
  readonly age?: number;
  /** `null`: none. By default `nginx`. */
  readonly class?: string | null;
  /** Without `nginx.ingress.kubernetes.io/`, unless the name holds a slash. */
  readonly annotations?: Readonly<Record<string, string | number | boolean>>;
  /** Absent: any host. */
  readonly host?: string;
  /** Path to Service. Absent: the rule has no paths. */
  readonly paths?: Readonly<Record<string, string | CasePath>>;
  /** A Service, `spec.defaultBackend`. */
  readonly default?: string;
  /** Hosts of the section `tls`, and the Secret; `true` for the host and a Secret that is there. */
  readonly tls?: true | { readonly hosts: readonly string[]; readonly secret?: string };
}

/** What each pod of a Service answers. */
export interface CaseAnswer {
  readonly status?: string;
  /** With their line ends. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface CaseService {
  /** How many pods are ready: by default one. */
  readonly pods?: number;
  /** Pods that refuse connections, beside these. */
  readonly dead?: number;
  readonly answers?: CaseAnswer;
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface CaseRequest {
  /** The target of a GET. */
  readonly get?: string;
  /** Method and target. */
  readonly send?: string;
  /** By default that of the first Ingress that has one. */
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** By the TLS port. */
  readonly tls?: true;
  /** So many times, one after the other, each with the same outcome. */
  readonly times?: number;

  /** The Service that answers with 200, in namespace `default` unless it is said. */
  readonly to?: string;
  readonly status?: number;
  readonly location?: string;
  /** Headers of the response. */
  readonly has?: ExpectedHeaders;
  readonly says?: string;
  /** The name of a cookie. */
  readonly sets?: string;
  /** What the pod sees. */
  readonly up?: ExpectedRequest;
  /** What pods of other Services see, which annotations ask; null: none of it is asked. */
  readonly asked?: Readonly<Record<string, ExpectedRequest | null>>;
}

export interface ExpectedRequest {
  readonly target?: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: ExpectedHeaders;
  readonly body?: string;
}

/** What changes between requests. */
export interface CaseChange {
  /** Names of Ingresses that go. */
  readonly without?: readonly string[];
  /** Ingresses that come, or take the place of others of their names. */
  readonly ingresses?: readonly CaseIngress[];
}

/** In each text of it, `{{NAME}}` stands for the address and port of a pod of that Service. */
export interface IngressCase {
  readonly name: string;
  /** Data of the ConfigMap. */
  readonly config?: Readonly<Record<string, string>>;
  /** Settings of the entry. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly ingresses: readonly CaseIngress[];
  /** Services that are not as usual: by name, or namespace/name. null: there is none of that name. */
  readonly services?: Readonly<Record<string, CaseService | null>>;
  /** Further objects, as Kubernetes writes them. A list with an IngressClass takes the place of the class `nginx`. */
  readonly objects?: readonly Readonly<Record<string, unknown>>[];
  /** In this order. */
  readonly requests: readonly (CaseRequest | CaseChange)[];
}

const FOLDER = join(import.meta.dirname, 'cases');

/** By file, without its ending. */
export function readCases(): Map<string, readonly IngressCase[]> {
  const files = readdirSync(FOLDER).filter(name => name.endsWith('.yaml'));
  return new Map(
    files.map(name => [name.replace('.yaml', ''), parse(readFileSync(join(FOLDER, name), 'utf8')) as IngressCase[]]),
  );
}

export function isRequest(step: CaseRequest | CaseChange): step is CaseRequest {
  return 'get' in step || 'send' in step;
}
