/** One of the parts that Node's own modules are made of. @returns undefined where this Node gives none; what it is, the caller checks */
export function nodeBinding(name: string): unknown {
  const open: unknown = Reflect.get(process, 'binding');
  return typeof open === 'function' ? Reflect.apply(open, process, [name]) : undefined;
}
