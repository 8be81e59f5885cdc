/**
 * Rights of the entry's account, which tests give and take by the files of deploy/. The API server judges by them when the functions
 * that do so resolve.
 */
import { join } from 'node:path';
import { DEPLOY, dig } from '../deploy/objects.ts';
import type { RealKube } from './real-kube.ts';
import { patiently } from './real-process.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const REVIEWS = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
/** Whose only rights are those that {@link judged} gives it. */
const PROBE = 'probe';

const ENDPOINT_RIGHTS = ['cluster-role', 'cluster-role-binding'].map(file => `overlays/endpoints/${file}.yaml`);
const TLS_RIGHTS = ['cluster-role', 'cluster-role-binding'].map(file => `overlays/tls/${file}.yaml`);

let probes = 0;

/** What deploy/overlays/ingress adds to deploy/base. */
export async function grantIngresses(kube: RealKube): Promise<void> {
  const files = ['cluster-role', 'cluster-role-binding', 'role', 'role-binding'];
  await applyFiles(kube, ...files.map(file => `overlays/ingress/${file}.yaml`));
}

/** What deploy/overlays/gateway adds to deploy/base. */
export async function grantGateways(kube: RealKube): Promise<void> {
  const files = ['cluster-role', 'cluster-role-binding', 'role', 'role-binding'];
  await applyFiles(kube, ...files.map(file => `overlays/gateway/${file}.yaml`));
}

/** What deploy/overlays/gateway-service adds to that. */
export async function grantGatewayServices(kube: RealKube): Promise<void> {
  const files = ['cluster-role', 'cluster-role-binding'];
  await applyFiles(kube, ...files.map(file => `overlays/gateway-service/${file}.yaml`));
}

/** Gives the entry's account what deploy/base gives it, and no more. */
export async function grantClusterRole(kube: RealKube): Promise<void> {
  const files = ['namespace', 'service-account', 'cluster-role', 'cluster-role-binding'];
  await applyFiles(kube, ...files.map(file => `base/${file}.yaml`));
}

/** What deploy/overlays/endpoints adds to that. */
export async function grantEndpoints(kube: RealKube): Promise<void> {
  await applyFiles(kube, ...ENDPOINT_RIGHTS);
}

export async function revokeEndpoints(kube: RealKube): Promise<void> {
  await deleteFiles(kube, ...ENDPOINT_RIGHTS);
}

/** What deploy/overlays/tls adds to that. */
export async function grantSecrets(kube: RealKube): Promise<void> {
  await applyFiles(kube, ...TLS_RIGHTS);
}

export async function revokeSecrets(kube: RealKube): Promise<void> {
  await deleteFiles(kube, ...TLS_RIGHTS);
}

/** @param files below deploy/ */
export async function applyFiles(kube: RealKube, ...files: readonly string[]): Promise<void> {
  await kube.kubectl.run(['apply', ...files.map(file => `--filename=${join(DEPLOY, file)}`)]);
  await judged(kube);
}

/** @param files below deploy/; what is in them need not be there */
export async function deleteFiles(kube: RealKube, ...files: readonly string[]): Promise<void> {
  await kube.kubectl.run(['delete', '--ignore-not-found', ...files.map(file => `--filename=${join(DEPLOY, file)}`)]);
  await judged(kube);
}

/**
 * Resolves when the API server judges by all that was written before. It follows each of the four kinds of its rights by a watch, after
 * it has answered who wrote them. So one more of each kind is written, and asked about.
 */
async function judged(kube: RealKube): Promise<void> {
  probes += 1;
  const verb = `probe-${probes}`;
  await grantProbe(kube, RBAC, 'ClusterRole', verb);
  await grantProbe(kube, `${RBAC}/namespaces/default`, 'Role', verb);
  // A ClusterRole holds in every namespace, so each of the two is asked about by what it alone grants.
  await patiently('roles of the cluster are known', () => isAllowed(kube, { verb, resource: 'clusterroles' }));
  await patiently('roles of namespaces are known', () =>
    isAllowed(kube, { verb, resource: 'roles', namespace: 'default' }),
  );
}

/** A role that lets {@link PROBE} do this to roles of its kind, and its binding. */
async function grantProbe(kube: RealKube, api: string, kind: 'ClusterRole' | 'Role', verb: string): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const resource = `${kind.toLowerCase()}s`;
  const apiVersion = `${apiGroup}/v1`;
  const metadata = { name: verb };
  const rules = [{ apiGroups: [apiGroup], resources: [resource], verbs: [verb] }];
  const subjects = [{ kind: 'User', apiGroup, name: PROBE }];
  await create(kube, `${api}/${resource}`, { apiVersion, kind, metadata, rules });
  const binding = { apiVersion, kind: `${kind}Binding`, metadata, subjects, roleRef: { apiGroup, kind, name: verb } };
  await create(kube, `${api}/${kind.toLowerCase()}bindings`, binding);
}

async function create(kube: RealKube, path: string, object: object): Promise<void> {
  const { status, body } = await kube.api('POST', path, object);
  if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
}

async function isAllowed(kube: RealKube, attributes: Readonly<Record<string, string>>): Promise<boolean> {
  const resourceAttributes = { group: 'rbac.authorization.k8s.io', ...attributes };
  const spec = { user: PROBE, resourceAttributes };
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  return dig((await kube.api('POST', REVIEWS, review)).body, 'status', 'allowed') === true;
}
