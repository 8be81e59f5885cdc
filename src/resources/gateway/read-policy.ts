import type { Field } from './field.ts';
import type { BackendTlsPolicySpec, ReferenceGrantSpec } from './gateway-object.ts';
import { DNS_NAME, GROUP, HOSTNAME, KIND, NAME, NAMESPACE, readFullRef } from './read-parts.ts';

/** Several times what the schema of today allows: 16 of each, 5 names. */
const FEW = 64;
const OPTIONS = 256 * 1024;

export function readReferenceGrantSpec(spec: Field): ReferenceGrantSpec {
  return {
    from: spec.at('from').list(FEW, from => ({
      group: from.at('group').text(GROUP),
      kind: from.at('kind').text(KIND),
      namespace: from.at('namespace').text(NAMESPACE),
    })),
    to: spec.at('to').list(FEW, to => ({
      group: to.at('group').text(GROUP),
      kind: to.at('kind').text(KIND),
      name: to.at('name').maybeText(NAME),
    })),
  };
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
  };
}
