/** Which namespaces a Gateway or a listener lets in. Pure. */
import type { LabelSelector, NamespaceSelection } from '../../../resources/gateway/gateway-object.ts';
import { quote } from '../../../text/quote.ts';
import type { GatewayLookups } from '../gateway-lookups.ts';

export interface NamespaceRule {
  allows(namespace: string): boolean;
  /** Why the selection cannot be used, for people; then no namespace is let in. */
  readonly fault?: string;
}

const NO_NAMESPACE: NamespaceRule = { allows: () => false };
const EVERY_NAMESPACE: NamespaceRule = { allows: () => true };

/** @param own the namespace of the object that selects @param field where the selection stands */
export function readNamespaceRule(
  { from, selector }: NamespaceSelection,
  own: string,
  field: string,
  lookups: Pick<GatewayLookups, 'namespaceLabels'>,
): NamespaceRule {
  switch (from) {
    case 'Same':
      return { allows: namespace => namespace === own };
    case 'All':
      return EVERY_NAMESPACE;
    case 'None':
      return NO_NAMESPACE;
    case 'Selector': {
      if (selector === undefined) return { ...NO_NAMESPACE, fault: `${field}.selector is missing` };
      const fault = selectorFault(selector);
      if (fault !== undefined) return { ...NO_NAMESPACE, fault: `${field}.selector: ${fault}` };
      return {
        allows: namespace => {
          const labels = lookups.namespaceLabels(namespace);
          return labels !== undefined && isSelected(selector, labels);
        },
      };
    }
    default:
      return { ...NO_NAMESPACE, fault: `${field}.from is ${quote(from)}: write Same, All, Selector or None` };
  }
}

function selectorFault({ matchExpressions }: LabelSelector): string | undefined {
  for (const { key, operator, values } of matchExpressions) {
    switch (operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) return `the expression for ${quote(key)} needs values for the operator ${operator}`;
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0) return `the expression for ${quote(key)} has values, which ${operator} does not take`;
        break;
      default:
        return `the operator ${quote(operator)} must be In, NotIn, Exists or DoesNotExist`;
    }
  }
  return undefined;
}

/** An empty selector selects all. */
function isSelected(
  { matchLabels, matchExpressions }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const labelOf = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  if (Object.entries(matchLabels).some(([key, value]) => labelOf(key) !== value)) return false;
  return matchExpressions.every(({ key, operator, values }) => {
    const value = labelOf(key);
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      default:
        return value === undefined;
    }
  });
}
