/** What can go wrong between this program and the Kubernetes API, each kind with its own code. */
import { codeOf, KubeEntryError, messageOf } from '../../errors.ts';
import type { GatewayResource } from '../../resources/gateway/gateway-kinds.ts';
import { GATEWAY_GROUP } from '../../resources/gateway/gateway-object.ts';
import { certificateProblem } from './certificate-problem.ts';

/** As RBAC names it: a part of an object stands behind a slash. */
export type Resource =
  | 'services'
  | 'events'
  | 'endpointslices'
  | 'nodes'
  | 'secrets'
  | 'ingresses'
  | 'ingresses/status'
  | 'ingressclasses'
  | 'configmaps'
  | 'leases'
  | 'deployments'
  | 'daemonsets'
  | GatewayResource
  | `${GatewayResource}/status`
  // What the API server says of the kinds in one version of the Gateway API.
  | 'apiresources'
  | 'customresourcedefinitions';

/** One kind of access, as RBAC names it. */
export interface Operation {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'apply';
  readonly resource: Resource;
  /** Undefined: in all namespaces. */
  readonly namespace: string | undefined;
  /** Field selector; absent for all objects. */
  readonly fields?: string | undefined;
  /** Of a resource that is read in several versions. */
  readonly version?: string | undefined;
}

/** Base of all of them, for callers that retry whatever it was. */
export abstract class KubeError extends KubeEntryError {
  /** The delay that the server asked for with Retry-After, in milliseconds; 0 without one. */
  readonly retryAfterMs: number = 0;
}

/** Neither an in-cluster account nor a kubeconfig was found. */
export class NoKubeConfigError extends KubeError {
  readonly code = 'NO_KUBE_CONFIG';
}

/** The kubeconfig cannot be read, or what it says cannot be used. */
export class BadKubeConfigError extends KubeError {
  readonly code: string = 'BAD_KUBE_CONFIG';
}

/** The context that the settings choose is not in the kubeconfig: a mistake on the command line. */
export class UnknownContextError extends BadKubeConfigError {
  override readonly code = 'UNKNOWN_CONTEXT';
}

/** A token, certificate or credential plugin that the configuration names cannot be used at the moment. */
export class CredentialsError extends KubeError {
  readonly code = 'KUBE_CREDENTIALS';
}

/** One of those files is not there: about to be replaced, more often than not. Looking again soon is cheap. */
export class MissingFileError extends CredentialsError {}

/** No connection, a broken one, or no answer in time. */
export class UnreachableError extends KubeError {
  readonly code = 'KUBE_UNREACHABLE';
}

/**
 * No server answered: no connection was made, or not a byte came until the deadline. Asking again soon is no burden for a
 * server, and the only way to know when it is back.
 */
export class NoAnswerError extends UnreachableError {}

/** An answer that is not the Kubernetes API's: a proxy's page, JSON cut short, an event without an object. */
export class BadAnswerError extends KubeError {
  readonly code = 'KUBE_BAD_ANSWER';
}

/** A line of a watch longer than any object can be. */
export class OversizedLineError extends KubeError {
  readonly code = 'KUBE_OVERSIZED_LINE';
}

/** The API server answered, with a failure that has no class of its own. */
export class ApiError extends KubeError {
  readonly code: string = 'KUBE_API_ERROR';
  /** HTTP status. */
  readonly status: number;
  override readonly retryAfterMs: number;

  constructor(status: number, message: string, retryAfterMs = 0) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** 401: the server does not know who asks. */
export class UnauthorisedError extends ApiError {
  override readonly code = 'KUBE_UNAUTHORISED';
}

/** 403: RBAC grants the account too little. */
export class ForbiddenError extends ApiError {
  override readonly code = 'KUBE_FORBIDDEN';
  readonly operation: Operation;

  constructor(operation: Operation, message: string) {
    super(403, message);
    this.operation = operation;
  }
}

/** Asking again will not help until the cluster's owner grants the right, or serves what is asked for. */
export function isRefusal(failure: KubeError): boolean {
  return failure instanceof ForbiddenError || (failure instanceof ApiError && failure.status === 404);
}

/** 410: the version asked for is no longer in the server's history. Listing again is the cure. */
export class ExpiredError extends ApiError {
  override readonly code = 'KUBE_EXPIRED';
}

/** A state file that must not be used, or that cannot be read. */
export class StateFileError extends KubeError {
  readonly code = 'STATE_FILE_REFUSED';
}

/** Code of this program that was handed a change threw. */
export class HandlerError extends KubeError {
  readonly code = 'KUBE_HANDLER';
}

/** `services in namespace "shop"` */
export function describe({ resource, namespace, fields, version }: Operation): string {
  if (resource === 'apiresources') return `the kinds of ${GATEWAY_GROUP}/${version}`;
  const what = fields === undefined ? resource : `${resource} with ${fields}`;
  return namespace === undefined ? `${what} in all namespaces` : `${what} in namespace "${namespace}"`;
}

/** Who had asked, and what the answer's head says. */
export interface Asked {
  readonly account?: string;
  readonly isAnonymous?: boolean;
  /** The header Retry-After. */
  readonly retryAfter?: string | undefined;
}

/** @param body the `Status` object the API server sent, or whatever it was */
export function errorOfStatus(
  status: number,
  body: unknown,
  operation: Operation,
  { account = 'the account', isAnonymous = false, retryAfter }: Asked = {},
): ApiError {
  const { message, retryAfterSeconds } = readStatus(body);
  const said = message ?? `HTTP status ${status}`;
  const what = `${operation.verb} ${describe(operation)}`;
  const anonymity = `no credentials were sent, because the user of ${account} has none`;
  switch (status) {
    case 401:
      return new UnauthorisedError(
        401,
        isAnonymous
          ? `${anonymity}. The API server says: ${said}`
          : `the API server does not accept the credentials of ${account} (${said}): check its token or client certificate`,
      );
    case 403: {
      const grant = grantOf(operation);
      return new ForbiddenError(
        operation,
        isAnonymous
          ? `may not ${what}: ${anonymity}. The API server says: ${said}`
          : `${account} may not ${what}: ${grant}. The API server says: ${said}`,
      );
    }
    case 410:
      return new ExpiredError(410, `${what}: the version is too old (${said})`);
    default: {
      const seconds = retryAfter === undefined ? retryAfterSeconds : Number(retryAfter);
      const retryAfterMs = seconds !== undefined && seconds > 0 && seconds <= 3600 ? seconds * 1000 : 0;
      return new ApiError(status, `${what}: the API server failed with ${status} (${said})`, retryAfterMs);
    }
  }
}

/** Where the right is given. */
function grantOf({ resource, namespace }: Operation): string {
  const [whole = ''] = resource.split('/');
  const file = GRANTS[resource] ?? GRANTS[whole as Resource];
  if (file === undefined) return 'a ClusterRole of your own may grant it';
  const granted = `${file} grants it`;
  if (namespace === undefined) return granted;
  const role = NAMESPACED[resource];
  return role === undefined ? granted : `a Role in that namespace, as ${role}, or ${granted}`;
}

const ROLE = 'deploy/namespaced/role.yaml';
const GATEWAY_ROLE = 'deploy/overlays/gateway/cluster-role.yaml';

/** Where each right is given for the whole cluster; a Lease and a ConfigMap belong to one namespace. */
const GRANTS: Readonly<Partial<Record<Resource, string>>> = {
  services: 'deploy/base/cluster-role.yaml',
  events: 'deploy/base/cluster-role.yaml',
  endpointslices: 'deploy/overlays/endpoints/cluster-role.yaml',
  secrets: 'deploy/overlays/tls/cluster-role.yaml',
  ingresses: 'deploy/overlays/ingress/cluster-role.yaml',
  'ingresses/status': 'deploy/overlays/ingress/cluster-role.yaml',
  ingressclasses: 'deploy/overlays/ingress/cluster-role.yaml',
  configmaps: 'deploy/overlays/ingress/role.yaml',
  leases: 'deploy/overlays/ingress/role.yaml',
  customresourcedefinitions: GATEWAY_ROLE,
  namespaces: GATEWAY_ROLE,
  gatewayclasses: GATEWAY_ROLE,
  gateways: GATEWAY_ROLE,
  listenersets: GATEWAY_ROLE,
  referencegrants: GATEWAY_ROLE,
  backendtlspolicies: GATEWAY_ROLE,
  httproutes: GATEWAY_ROLE,
  grpcroutes: GATEWAY_ROLE,
  tlsroutes: GATEWAY_ROLE,
};

/** Where it is given for one namespace. */
const NAMESPACED: Readonly<Partial<Record<Resource, string>>> = {
  services: ROLE,
  events: ROLE,
  endpointslices: ROLE,
  secrets: 'deploy/namespaced/tls-role.yaml for certificates and deploy/overlays/policies/role.yaml for policies',
  ingresses: 'deploy/namespaced/ingress-role.yaml',
  'ingresses/status': 'deploy/namespaced/ingress-role.yaml',
};

function readStatus(body: unknown): { message?: string; retryAfterSeconds?: number } {
  if (typeof body !== 'object' || body === null) return {};
  const message = 'message' in body && typeof body.message === 'string' ? { message: body.message } : {};
  const details = 'details' in body && typeof body.details === 'object' ? body.details : null;
  return details !== null && 'retryAfterSeconds' in details && typeof details.retryAfterSeconds === 'number'
    ? { ...message, retryAfterSeconds: details.retryAfterSeconds }
    : message;
}

/** What connecting, or looking the name up, fails with. */
const NOBODY_THERE = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);

/**
 * Errors of the network and of TLS, as one of ours.
 * @param base where the server should be
 * @param authority what its certificate is checked with
 */
export function unreachable(error: unknown, base: string, authority = 'a CA that this machine trusts'): KubeError {
  if (error instanceof KubeError) return error;
  const Unreachable = NOBODY_THERE.has(codeOf(error) ?? '') ? NoAnswerError : UnreachableError;
  // Node's AggregateError, thrown when a name has several addresses, has a code but no message.
  const why = certificateProblem(error, authority) ?? (messageOf(error) || (codeOf(error) ?? 'unknown reason'));
  return new Unreachable(`cannot reach the Kubernetes API at ${base}: ${why}`, { cause: error });
}
