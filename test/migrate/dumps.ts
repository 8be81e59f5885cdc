/** Objects for tests of `migrate`. */
import { type ControllerChoice, findController } from '../../src/migrate/controller.ts';
import { Dump } from '../../src/migrate/dump.ts';
import { migrate } from '../../src/migrate/migrate.ts';
import type { IngressReport, MigrationReport, Silence } from '../../src/migrate/report.ts';

export const NO_CHOICE: ControllerChoice = {
  ingressClass: [],
  configMap: undefined,
  allowMissingWaf: false,
  values: undefined,
};

export const NGINX = 'nginx.ingress.kubernetes.io/';

export interface IngressFields {
  /** Without their prefix. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly host?: string;
  /** `/path`, or `= /path` for Exact, each with its Service. */
  readonly paths?: Readonly<Record<string, string>>;
  readonly tls?: readonly object[];
  /** Years since 2000: the older comes first. */
  readonly age?: number;
}

/** @param name with its namespace before a slash, or of `shop` */
export function ingress(
  name: string,
  { annotations = {}, host = 'shop.example.com', paths, tls, age = 0 }: IngressFields,
): object {
  const [namespace, own] = name.includes('/') ? name.split('/') : ['shop', name];
  return {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
    metadata: {
      ...{ name: own, namespace, creationTimestamp: `20${String(20 + age)}-01-01T00:00:00Z` },
      annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [NGINX + key, value])),
    },
    spec: {
      ...{ ingressClassName: 'nginx', ...(tls && { tls }) },
      rules: [
        {
          host,
          http: { paths: Object.entries(paths ?? { '/': 'web' }).map(([path, service]) => rulePath(path, service)) },
        },
      ],
    },
  };
}

function rulePath(text: string, service: string): object {
  const isExact = text.startsWith('= ');
  return {
    ...{ path: isExact ? text.slice(2) : text, pathType: isExact ? 'Exact' : 'ImplementationSpecific' },
    backend: { service: { name: service, port: { number: 80 } } },
  };
}

export function report(objects: readonly object[], choice: Partial<ControllerChoice> = {}): MigrationReport {
  const dump = new Dump();
  for (const object of objects) dump.add(object);
  return migrate(dump, findController(dump, { ...NO_CHOICE, ...choice }));
}

export function reportOf({ ingresses }: MigrationReport, name: string): IngressReport {
  const found = ingresses.find(one => one.name === name);
  if (found === undefined) throw new Error(`no report of ${name}`);
  return found;
}

/** What is told of an Ingress of one kind: `MESSAGE | MEND`. */
export function silences(found: MigrationReport, name: string, kind: Silence['kind']): string[] {
  return reportOf(found, name)
    .silences.filter(one => one.kind === kind)
    .map(({ message, mend }) => (mend === undefined ? message : `${message} | ${mend}`));
}
