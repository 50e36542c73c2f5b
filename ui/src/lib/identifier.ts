/** An identifier out of the address, without what none can have; empty where there is none. */
export function idOf(text: string | null, limit = 64): string {
  return (text ?? '').replace(/[^A-Za-z0-9-]/g, '').slice(0, limit);
}
