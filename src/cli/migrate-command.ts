import type { Command } from './command.ts';
import { FORMATS } from './migrate-options.ts';

/** What a dump is to hold. */
const DUMP_KINDS = 'ingresses,ingressclasses,services,endpointslices,configmaps,deployments,daemonsets';

export const migrate: Command = {
  name: 'migrate',
  parameters: '',
  arity: { least: 0, most: 0 },
  summary: 'say what a move from ingress-nginx changes, Ingress by Ingress',
  description: [
    'Reads the Ingresses of a cluster, and the flags and the ConfigMap of its ingress-nginx, and changes nothing. With',
    '--manifests it reads a dump instead, which serve, routes and explain take, too:',
    '  kubectl get --all-namespaces --output json \\',
    `    ${DUMP_KINDS}`,
    'Secrets may be in it, and are not needed; nothing of them is shown.',
    'Each annotation works, differs, is unsupported (it does nothing here), refused (requests are not served because of it)',
    'or dead (ingress-nginx itself ignores it), with the reason, and the line that mends it where one can be told. It also',
    'tells what ingress-nginx does today without a word: values that it ignores, paths that belong to another Ingress, hosts',
    'whose paths became regular expressions, certificates that are missing.',
    'Exits 1 if something would be lost: if anything is unsupported or refused, or could not be read.',
    'With --to gateway it writes objects of the Gateway API that serve the same, as YAML: a Gateway with a listener for each',
    'host, and HTTPRoutes and GRPCRoutes of the names of the Ingresses. What they cannot say goes to standard error,',
    'annotation by annotation. It reads the Ingresses of ingress-nginx and those that kube-entry serves.',
  ].join('\n'),
  examples: [
    { line: 'kube-entry migrate', note: 'the cluster of the kubeconfig' },
    {
      line: 'kube-entry migrate --manifests dump.yaml --output html > report.html',
      note: 'a dump, as a page to pass on',
    },
    {
      line: 'kube-entry migrate --manifests dump.yaml --values values.yaml --output values > kube-entry-values.yaml',
      note: 'values of ingress-nginx’s chart, and ours',
    },
    {
      line: 'kube-entry migrate --manifests dump.yaml --to gateway > gateway.yaml',
      note: 'HTTPRoutes in place of Ingresses',
    },
  ],
  settings: [
    'manifests',
    'kubeconfig',
    'context',
    'namespace',
    'ingressClass',
    'ingressConfigmap',
    'allowMissingWaf',
    'logLevel',
    'config',
  ],
  options: {
    to: {
      placeholder: 'gateway',
      description: 'write objects of the Gateway API in place of the Ingresses',
    },
    gateway: {
      placeholder: 'NAMESPACE/NAME',
      description:
        'with --to gateway: a Gateway that is there, for the routes; default: kube-entry/kube-entry is written',
    },
    values: {
      placeholder: 'FILE',
      description: 'values of ingress-nginx’s Helm chart: their flags and ConfigMap count',
    },
    output: {
      placeholder: FORMATS.join('|'),
      short: 'o',
      description: 'default text; values: what --values is for the chart of kube-entry',
    },
  },
  async run(invocation) {
    // Its tables and reports are of no use to the program that serves.
    const { migrate: run } = await import('./migrate.ts');
    return run(invocation);
  },
};
