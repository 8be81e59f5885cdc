/** The controller that is to be replaced: its flags and its ConfigMap. */
import type { IngressOptions } from '../translate/ingress/ingress-options.ts';
import type { Dump } from './dump.ts';
import type { ChartValues } from './nginx-values.ts';

export interface Controller {
  /** For people; undefined: none was found, and ingress-nginx's defaults are taken. */
  readonly name: string | undefined;
  readonly flags: ReadonlyMap<string, string>;
  readonly config: ReadonlyMap<string, string>;
  readonly options: IngressOptions;
  /** Of ingress-nginx's chart, where they were given. */
  readonly values: ChartValues | undefined;
  readonly notes: readonly string[];
}

/** What the caller says; absent: what is found counts. */
export interface ControllerChoice {
  readonly ingressClass: readonly string[];
  readonly configMap: { readonly namespace: string; readonly name: string } | undefined;
  readonly allowMissingWaf: boolean;
  /** Values of ingress-nginx's chart: their flags and ConfigMap count instead of those of the cluster. */
  readonly values: ChartValues | undefined;
}

const DEFAULT_CLASS = 'nginx';

export function findController(dump: Dump, choice: ControllerChoice): Controller {
  const notes: string[] = [];
  const { values } = choice;
  const found = values === undefined ? workloadFor(dump, choice, notes) : undefined;
  const flags = values?.flags ?? found?.flags ?? new Map<string, string>();
  if (values === undefined && found === undefined) {
    notes.push(
      'no controller of ingress-nginx was found: its flags are taken to be the defaults (--values FILE reads those of its chart)',
    );
  }
  const config = values?.config ?? configOf(dump, choice, flags, notes);
  return {
    name: values?.file ?? (found && `${found.kind} ${found.namespace}/${found.name}`),
    flags,
    config,
    options: optionsOf(choice, flags),
    values,
    notes,
  };
}

function workloadFor({ workloads }: Dump, { ingressClass }: ControllerChoice, notes: string[]) {
  const classOf = (flags: ReadonlyMap<string, string>): string => flags.get('ingress-class') ?? DEFAULT_CLASS;
  const fitting =
    ingressClass.length === 0 ? workloads : workloads.filter(({ flags }) => ingressClass.includes(classOf(flags)));
  const [first, ...others] = fitting;
  if (first !== undefined && others.length > 0) {
    const names = others.map(
      ({ kind, namespace, name, flags }) => `${kind} ${namespace}/${name} (--ingress-class ${classOf(flags)})`,
    );
    notes.push(`there are other controllers, which are judged apart: ${names.join(', ')}`);
  }
  return first;
}

function configOf(
  { configMaps }: Dump,
  { configMap }: ControllerChoice,
  flags: ReadonlyMap<string, string>,
  notes: string[],
): ReadonlyMap<string, string> {
  const name = configMap === undefined ? flags.get('configmap') : `${configMap.namespace}/${configMap.name}`;
  if (name === undefined) return new Map();
  const found = configMaps.get(name);
  if (found === undefined) notes.push(`the ConfigMap ${name} was not found: its keys are taken to be the defaults`);
  return found?.data ?? new Map();
}

function optionsOf(
  { ingressClass, allowMissingWaf }: ControllerChoice,
  flags: ReadonlyMap<string, string>,
): IngressOptions {
  const controllerClass = flags.get('controller-class');
  const [namespace, name] = flags.get('default-backend-service')?.split('/') ?? [];
  return {
    ingressClass: ingressClass.length > 0 ? ingressClass : [flags.get('ingress-class') ?? DEFAULT_CLASS],
    ...(controllerClass !== undefined && { ingressController: [controllerClass] }),
    ingressWithoutClass: flags.get('watch-ingress-without-class') === 'true',
    ...(namespace !== undefined && name !== undefined && { defaultBackendService: { namespace, name } }),
    allowExternalName: flags.get('disable-svc-external-name') !== 'true',
    allowMissingWaf,
    hasTlsPort: true,
  };
}
