/**
 * The field selector for one object. What a selector's parts are told apart by is escaped: a name is never read as another
 * condition.
 */
export function nameField({ name }: { readonly name: string }): string {
  return `metadata.name=${name.replace(/[\\,=]/g, '\\$&')}`;
}
