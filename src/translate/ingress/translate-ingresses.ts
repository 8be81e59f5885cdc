import type { Diagnostic } from '../../model/diagnostic.ts';
import type { IngressClassObject, IngressObject } from '../../resources/ingress-object.ts';
import type { Destination } from '../destination.ts';
import type { IngressConfig } from './config/ingress-config.ts';
import { ingressKey } from './ingress-key.ts';
import { type IngressLookups, NO_LOOKUPS } from './ingress-lookups.ts';
import type { IngressOptions } from './ingress-options.ts';
import { type HostTranslation, IngressTranslator } from './ingress-translator.ts';

/** Ingresses, and what they depend on beside themselves. */
export interface IngressObjects {
  readonly ingresses: readonly IngressObject[];
  readonly classes?: readonly IngressClassObject[];
  readonly config?: IngressConfig;
  readonly lookups?: IngressLookups;
}

export interface IngressTranslation {
  readonly hosts: ReadonlyMap<string, HostTranslation>;
  /** By key of the Ingress, of those of our classes alone. */
  readonly diagnostics: ReadonlyMap<string, readonly Diagnostic[]>;
  /** Where annotations lead beside the backends, each once. */
  readonly referred: readonly Destination[];
  /** Keys of the Ingresses that are served. */
  readonly served: ReadonlySet<string>;
}

/** All Ingresses at once. Pure. */
export function translateIngresses(
  { ingresses, classes = [], config, lookups = NO_LOOKUPS }: IngressObjects,
  options: IngressOptions,
): IngressTranslation {
  const translator = new IngressTranslator(options, {
    lookupsFor: () => lookups,
    service: ref => lookups.service(ref),
    onBug: error => {
      throw error;
    },
  });
  translator.classes = new Map(classes.map(one => [one.metadata.name, one]));
  if (config !== undefined) translator.config = config;
  for (const ingress of ingresses) translator.upsert(ingress);
  const { hosts, referred, diagnostics } = translator.settle();
  const translated = [...hosts].flatMap(([host, translation]) =>
    translation === undefined ? [] : [[host, translation] as const],
  );
  const served = new Set([...translator.served()].map(({ metadata }) => ingressKey(metadata)));
  const destinations = new Map([...referred.values()].flat().map(one => [one.cluster.id, one]));
  return { hosts: new Map(translated), referred: [...destinations.values()], diagnostics, served };
}
