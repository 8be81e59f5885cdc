/** What `kube-entry check` finds in Ingresses, and in the ConfigMap of ingress-nginx. Pure. */
import { type ServiceRef, serviceKey } from '../model/route.ts';
import { PREFIX } from '../resources/annotation-prefix.ts';
import type { ManifestConfigMap, ManifestContents, ManifestIngress } from '../sources/manifest-contents.ts';
import { readIngressConfig } from '../translate/ingress/config/config-table.ts';
import { ingressKey } from '../translate/ingress/ingress-key.ts';
import type { IngressLookups } from '../translate/ingress/ingress-lookups.ts';
import type { IngressOptions } from '../translate/ingress/ingress-options.ts';
import { translateIngresses } from '../translate/ingress/translate-ingresses.ts';
import type { LocatedDiagnostic } from './located-diagnostic.ts';

/** All requests are refused: in a cluster that is a warning, because what is there is told. A commit must not bring it. */
const ANSWERS_503 = 'AnnotationParsingFailed';

export interface InspectedIngresses {
  readonly diagnostics: readonly LocatedDiagnostic[];
  readonly servedCount: number;
}

export interface InspectIngressOptions extends IngressOptions {
  readonly ingressConfigmap?: ServiceRef | undefined;
}

/** @param lookups Services and Secrets of the manifests */
export function inspectIngresses(
  { ingresses, ingressClasses, configMaps }: ManifestContents,
  options: InspectIngressOptions,
  lookups: Omit<IngressLookups, 'configMap' | 'isAwaiting'>,
): InspectedIngresses {
  if (options.ingressClass.length === 0) return { diagnostics: ingresses.flatMap(misplaced), servedCount: 0 };
  const known = new Map(configMaps.map(item => [serviceKey(item.configMap.metadata), item]));
  const global = options.ingressConfigmap && known.get(serviceKey(options.ingressConfigmap));
  const { config, remarks } = readIngressConfig(global?.configMap.data);
  const { diagnostics, served } = translateIngresses(
    {
      ingresses: ingresses.map(({ ingress }) => ingress),
      classes: ingressClasses.map(({ ingressClass }) => ingressClass),
      config,
      lookups: { ...lookups, configMap: ref => known.get(serviceKey(ref))?.configMap.data, isAwaiting: false },
    },
    options,
  );
  const found = ingresses.flatMap(({ ingress, file, line, lineOf }) =>
    (diagnostics.get(ingressKey(ingress.metadata)) ?? []).map(({ field, reason, severity, message }) => ({
      ...{ file, line: field === undefined ? line : lineOf(field), message },
      severity: reason === ANSWERS_503 ? ('refused' as const) : severity,
    })),
  );
  return {
    diagnostics: [...found, ...(global === undefined ? [] : remarks.map(remark => locate(global, remark)))],
    servedCount: served.size,
  };
}

/** Without --ingress-class an Ingress has no effect; it is often annotated where its Service should be. */
function misplaced({ ingress, file, lineOf }: ManifestIngress): LocatedDiagnostic[] {
  const key = Object.keys(ingress.metadata.annotations).find(name => name.startsWith(PREFIX));
  if (key === undefined) return [];
  const message = `${key} has no effect on Ingress: annotate the Service instead`;
  return [{ file, line: lineOf(key), severity: 'warning', message }];
}

function locate(
  { file, lineOf }: ManifestConfigMap,
  { key, message }: { readonly key: string; readonly message: string },
): LocatedDiagnostic {
  return { file, line: lineOf(key), severity: 'warning', message };
}
