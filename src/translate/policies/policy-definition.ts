/** What a policy is to the translation: its rows in the table of annotations, how its values are read, what it says of a request. */
import type { Credentials } from '../../model/credentials.ts';
import type { Policy } from '../../model/policy.ts';
import type { ClusterId, ServiceRef } from '../../model/route.ts';
import type { CredentialsFault } from '../../resources/credentials.ts';
import type { ServiceReference } from '../service-reference.ts';

/** One annotation, as documents and completion show it. */
export interface PolicyRow {
  /** Behind the prefix of annotations. */
  readonly name: string;
  /** ingress-nginx's annotations that mean the same, behind its prefix. */
  readonly nginx: readonly string[];
  /** The grammar of its value, in one line. */
  readonly value: string;
  /** One sentence. */
  readonly help: string;
  /** A value that is right. */
  readonly example: string;
}

/** The annotations of an object, as the definitions of policies read them. */
export interface PolicyValues {
  readonly service: ServiceRef;
  /** Of the Service, where its requests go; 0 where that cannot be told. */
  readonly port: number;
  get(name: string): string | undefined;
  /**
   * Reads a value where the annotation is there. A bad one is recorded as a reason why the object is refused.
   * @param parse throws a FormatError that says what is wrong and what to write instead; the annotation's name is put before it
   */
  read<T>(name: string, parse: (text: string) => T): T | undefined;
  /**
   * The cluster of another Service of the same namespace, which need not be exposed. It is balanced as its own annotations say.
   * @param name of the annotation that names it
   * @returns undefined where there is no such Service, or requests cannot be sent to it: a warning says so, and the values are read again
   * when that changes
   */
  clusterOfService(name: string, reference: ServiceReference): ClusterId | undefined;
  /**
   * The cluster of a host that need not be a Service. Workers look its name up; its certificate is verified for `https`.
   * @param url absolute, of the scheme `http` or `https`
   */
  clusterOfUrl(url: URL): ClusterId;
  /**
   * The users of a Secret in the namespace of the object, or why there are none: its owner is told that.
   * @param name of the annotation that asks @param secret the name of the Secret
   */
  credentials(name: string, secret: string): Credentials | CredentialsFault;
}

/** A request as `explain` is asked about it. */
export interface ExplainedRequest {
  readonly method: string;
  /** As routes see it. */
  readonly host: string;
  /** Normalised. */
  readonly path: string;
  /** With its question mark; empty without one. */
  readonly query: string;
  /** The path that the upstream gets, before any rewrite. */
  readonly upstreamPath: string;
  /** Undefined where it was not said. */
  readonly clientIp: string | undefined;
  /** The values of all lines of a header, as a list; empty without any. @param name in lower case */
  header(name: string): string;
}

export interface PolicyDefinition {
  /** The first asks for the policy, and the others refine it. */
  readonly rows: readonly [PolicyRow, ...PolicyRow[]];
  /** Called where the annotation of the first row is there. @returns undefined where a value is bad: that has been recorded */
  read(values: PolicyValues): Policy | undefined;
  /** What the policy would do with a request, in one sentence. @param policy one that `read` gave */
  explain(policy: Policy, request: ExplainedRequest): string;
}

/** Ties the kinds of policies that `read` gives to those that `explain` takes. */
export function definePolicy<P extends Policy>(definition: {
  readonly rows: PolicyDefinition['rows'];
  read(values: PolicyValues): P | undefined;
  explain(policy: P, request: ExplainedRequest): string;
}): PolicyDefinition {
  return {
    rows: definition.rows,
    read: values => definition.read(values),
    // `explainPolicies` hands each policy to the definition of its kind.
    explain: (policy, request) => definition.explain(policy as P, request),
  };
}
