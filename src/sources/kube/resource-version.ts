/**
 * Which of two versions of the same resource is newer, as a sort function says it; 0 also when it cannot be told.
 * KEP-5504 made official what always held for etcd: resource versions are decimal numbers that grow. They may be
 * larger than a double holds exactly, so digits are compared.
 */
export function compareVersions(a: string, b: string): number {
  if (!DECIMAL.test(a) || !DECIMAL.test(b)) return 0;
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

const DECIMAL = /^(?:0|[1-9]\d*)$/;
