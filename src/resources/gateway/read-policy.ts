import type { Field } from './field.ts';
import type { BackendTlsPolicySpec, ReferenceGrantSpec } from './gateway-object.ts';
import { GRANT_FIELDS, POLICY_FIELDS, unknownFields } from './known-fields.ts';
import { DNS_NAME, GROUP, HOSTNAME, KIND, NAME, NAMESPACE, readFullRef, readUnknown } from './read-parts.ts';

/** Several times what the schema of today allows: 16 of each, 5 names. */
const FEW = 64;
const OPTIONS = 256 * 1024;

export function readReferenceGrantSpec(spec: Field): ReferenceGrantSpec {
  const from = spec.at('from').list(FEW, one => ({
    group: one.at('group').text(GROUP),
    kind: one.at('kind').text(KIND),
    namespace: one.at('namespace').text(NAMESPACE),
  }));
  const to = spec.at('to').list(FEW, one => ({
    group: one.at('group').text(GROUP),
    kind: one.at('kind').text(KIND),
    name: one.at('name').maybeText(NAME),
  }));
  // What is not known may narrow what is granted.
  const isKnown = unknownFields(spec.value, GRANT_FIELDS).length === 0;
  return isKnown ? { from, to } : { from: [], to: [] };
}

export function readBackendTlsPolicySpec(spec: Field): BackendTlsPolicySpec {
  const validation = spec.at('validation');
  return {
    targetRefs: spec.at('targetRefs').list(FEW, target => ({
      group: target.at('group').text(GROUP),
      kind: target.at('kind').text(KIND),
      name: target.at('name').text(NAME),
      sectionName: target.at('sectionName').maybeText(DNS_NAME),
    })),
    validation: {
      caCertificateRefs: validation.at('caCertificateRefs').list(FEW, readFullRef),
      wellKnownCACertificates: validation.at('wellKnownCACertificates').maybeText(NAME),
      hostname: validation.at('hostname').text(DNS_NAME),
      subjectAltNames: validation.at('subjectAltNames').list(FEW, name => ({
        type: name.at('type').text(NAME),
        hostname: name.at('hostname').maybeText(HOSTNAME),
        uri: name.at('uri').maybeText(),
      })),
    },
    options: spec.at('options').texts(OPTIONS),
    unknown: readUnknown(spec, POLICY_FIELDS),
  };
}
