import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Logger, silentLogger } from '../../src/observe/logger.ts';
import type { ServiceObject } from '../../src/resources/service-object.ts';
import type { ServiceStore } from '../../src/resources/service-store.ts';
import { ManifestSource, type ManifestSourceOptions } from '../../src/sources/manifests.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingSecretStore } from './kube/secret-harness.ts';
import { RecordingSliceStore } from './kube/slice-harness.ts';

/** A directory of its own for a test, removed after it. */
export function temporaryDirectory(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'kube-entry-manifests-'));
  context.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** As text, since tests look at its lines. */
export function manifest(name: string, path = `/${name}`, namespace?: string): string {
  const place = namespace === undefined ? '' : `\n  namespace: ${namespace}`;
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}${place}
  annotations:
    kube-entry.io/path: ${path}
spec: {clusterIP: 10.96.0.7, ports: [{port: 80}]}
`;
}

/** A store that shows what it holds as `namespace/name path`, and counts what it was told. */
class RecordingStore implements ServiceStore {
  readonly #services = new Map<string, string>();
  readonly calls: string[] = [];
  /** Every state that could be seen from outside, joined with commas. */
  readonly history: string[] = [];

  replace(services: readonly ServiceObject[]): void {
    this.calls.push('replace');
    this.#services.clear();
    for (const service of services) this.#put(service);
  }

  upsert(service: ServiceObject): void {
    this.calls.push(`upsert ${service.metadata.name}`);
    this.#put(service);
  }

  remove({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    this.calls.push(`remove ${name}`);
    this.#services.delete(`${namespace}/${name}`);
  }

  get content(): string {
    return [...this.#services]
      .map(([key, path]) => `${key} ${path}`)
      .sort()
      .join(', ');
  }

  #put({ metadata: { namespace, name, annotations } }: ServiceObject): void {
    this.#services.set(`${namespace}/${name}`, annotations?.['kube-entry.io/path'] ?? '');
  }
}

export interface Following {
  readonly source: ManifestSource;
  readonly secrets: { readonly tls: RecordingSecretStore; readonly named: RecordingSecretStore };
  readonly store: RecordingStore;
  /** Texts of the warnings logged so far, each with whatever fields it has. */
  readonly warnings: readonly string[];
  /** The same of the entries at level info. */
  readonly notes: readonly string[];
  /** When the changes that were announced had been seen. */
  readonly received: readonly number[];
  /** Waits for the Services to be these. */
  holds(...content: string[]): Promise<void>;
}

/** A source that is not started yet, and ends with the test. */
export function follow(
  context: TestContext,
  path: string,
  options: Pick<ManifestSourceOptions, 'defaultNamespace' | 'ingresses' | 'gateways'> = {},
): Following {
  const store = new RecordingStore();
  const secrets = { tls: new RecordingSecretStore(), named: new RecordingSecretStore() };
  const warnings: string[] = [];
  const notes: string[] = [];
  const received: number[] = [];
  const logger: Logger = silentLogger();
  logger.warn = (...args: readonly unknown[]) => void warnings.push(args.map(String).join(' '));
  logger.info = (...args: readonly unknown[]) => void notes.push(args.map(String).join(' '));
  const source = new ManifestSource({
    path,
    store,
    slices: new RecordingSliceStore(),
    secrets,
    logger,
    onChange: receivedAtMs => {
      received.push(receivedAtMs);
      store.history.push(store.content);
    },
    ...options,
  });
  context.after(() => source.stop());
  const holds = async (...content: string[]): Promise<void> => {
    const wanted = [...content].sort().join(', ');
    await eventually(`Services ${wanted}`, () => store.content === wanted).catch((error: unknown) => {
      throw new Error(`it holds ${store.content}`, { cause: error });
    });
  };
  return { source, store, secrets, warnings, notes, received, holds };
}
