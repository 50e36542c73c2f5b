/** Which page of a list the address asks for. */

export interface PageParams {
  limit: number;
  offset: number;
}

const sizes = [20, 40, 80];

/** Anything that is not a known size or a whole number falls back to the first 20. */
export function pageParams(params: URLSearchParams): PageParams {
  const limit = Number(params.get('limit'));
  const offset = Number(params.get('offset'));
  return {
    limit: sizes.includes(limit) ? limit : 20,
    offset: Number.isSafeInteger(offset) && offset > 0 ? offset : 0,
  };
}
