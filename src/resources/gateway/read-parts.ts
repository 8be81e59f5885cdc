/** Parts that objects of several kinds of the Gateway API have. */
import { isDnsLabel, isDnsSubdomain } from '../service-object.ts';
import type { Field, TextRule } from './field.ts';
import {
  type BackendRef,
  GATEWAY_GROUP,
  type GatewayMetadata,
  type LabelSelector,
  type LocalRef,
  type NamespaceSelection,
  type ParentRef,
  type SecretObjectRef,
} from './gateway-object.ts';
import { type KnownFields, unknownFields } from './known-fields.ts';

/** kubectl keeps the whole manifest there. */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** The API server allows 256 KiB of annotations. */
const ANNOTATIONS = 512 * 1024;
const LABELS = 512 * 1024;
const MOST_PORT = 65_535;
/** Of a selector: it has no limit in the API. */
const EXPRESSIONS = 256;
const EXPRESSION_VALUES = 1024;
/** Names of unknown fields: a few of each of 256 parts. */
const SAVED = 8192;

export const NAME: TextRule = { least: 1, most: 253 };
export const DNS_NAME: TextRule = {
  most: 253,
  test: isDnsSubdomain,
  otherwise: 'must be a DNS name: lower case letters, digits, - and .',
};
export const NAMESPACE: TextRule = {
  most: 63,
  test: isDnsLabel,
  otherwise: 'must be a DNS label: lower case letters, digits and -',
};
export const GROUP: TextRule = {
  most: 253,
  test: text => text === '' || isDnsSubdomain(text),
  otherwise: 'must be empty or the DNS name of an API group',
};
export const KIND: TextRule = {
  least: 1,
  most: 63,
  test: text => /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(text),
  otherwise: 'must be the name of a kind, as in "Service"',
};
export const HOSTNAME: TextRule = {
  most: 253,
  test: text => isDnsSubdomain(text.startsWith('*.') ? text.slice(2) : text),
  otherwise: 'must be a host name in lower case, without a port; *. may stand before it',
};

/** @param isOfNamespace whether objects of the kind belong to one */
export function readMetadata(metadata: Field, isOfNamespace: boolean, defaultNamespace: string): GatewayMetadata {
  const { uid, resourceVersion, generation, creationTimestamp } = objectOf(metadata);
  const { [LAST_APPLIED]: _, ...annotations } = metadata.at('annotations').texts(ANNOTATIONS);
  return {
    name: metadata.at('name').text(DNS_NAME),
    namespace: isOfNamespace ? (metadata.at('namespace').maybeText(NAMESPACE) ?? defaultNamespace) : '',
    uid: shortText(uid),
    resourceVersion: shortText(resourceVersion),
    generation: typeof generation === 'number' && Number.isSafeInteger(generation) && generation > 0 ? generation : 0,
    creationTimestamp: shortText(creationTimestamp) ?? '',
    annotations,
    labels: metadata.at('labels').texts(LABELS),
  };
}

export function readPort(field: Field): number {
  return field.whole(1, MOST_PORT);
}

export function readParentRef(ref: Field): ParentRef {
  return {
    group: ref.at('group').maybeText(GROUP) ?? GATEWAY_GROUP,
    kind: ref.at('kind').maybeText(KIND) ?? 'Gateway',
    namespace: ref.at('namespace').maybeText(NAMESPACE),
    name: ref.at('name').text(NAME),
    sectionName: ref.at('sectionName').maybeText(DNS_NAME),
    port: ref.at('port').maybe(readPort),
  };
}

export function readBackendRef(ref: Field): BackendRef {
  return { ...readObjectRef(ref, '', 'Service'), port: ref.at('port').maybe(readPort) };
}

/** A reference whose group and kind may be left out. */
export function readObjectRef(ref: Field, group: string, kind: string): SecretObjectRef {
  return {
    group: ref.at('group').maybeText(GROUP) ?? group,
    kind: ref.at('kind').maybeText(KIND) ?? kind,
    namespace: ref.at('namespace').maybeText(NAMESPACE),
    name: ref.at('name').text(NAME),
  };
}

/** A reference that names its group and kind. */
export function readFullRef(ref: Field): LocalRef {
  return {
    group: ref.at('group').text(GROUP),
    kind: ref.at('kind').text(KIND),
    namespace: ref.at('namespace').maybeText(NAMESPACE),
    name: ref.at('name').text(NAME),
  };
}

/** @param from what counts where it is left out */
export function readNamespaceSelection(selection: Field, from: string): NamespaceSelection {
  return {
    from: selection.maybe(field => field.at('from').maybeText(NAME)) ?? from,
    selector: selection.maybe(field => field.at('selector').maybe(readSelector)),
  };
}

function readSelector(selector: Field): LabelSelector {
  return {
    matchLabels: selector.at('matchLabels').texts(LABELS),
    matchExpressions: selector.at('matchExpressions').list(EXPRESSIONS, expression => ({
      key: expression.at('key').text(),
      operator: expression.at('operator').text(),
      values: expression.at('values').list(EXPRESSION_VALUES, value => value.text()),
    })),
  };
}

function objectOf({ value }: Field): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** The fields of a mapping that this program does not know, and those that were found when it was read before, and saved. */
export function readUnknown(field: Field, known: KnownFields): string[] {
  const saved = field.at('unknown').list(SAVED, name => name.text({ most: 253 }));
  return [...new Set([...saved, ...unknownFields(field.value, known)])];
}

/** What only an API server writes. */
function shortText(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= LONGEST_OWN ? value : undefined;
}

const LONGEST_OWN = 256;
