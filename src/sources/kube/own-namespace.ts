import { readFileSync } from 'node:fs';
import { FormatError } from '../../errors.ts';
import { checkNamespace } from '../../formats/namespace.ts';

/** Where the kubelet mounts the account of a pod. */
const NAMESPACE_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';

/** The namespace of the pod that this process runs in; `default` where it runs in none. */
export function ownNamespace(file: string = NAMESPACE_FILE): string {
  try {
    const namespace = readFileSync(file, 'utf8').trim();
    checkNamespace(namespace);
    return namespace;
  } catch (error) {
    if (error instanceof FormatError || (error instanceof Error && 'code' in error)) return 'default';
    throw error;
  }
}
