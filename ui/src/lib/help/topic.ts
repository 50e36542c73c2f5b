/** What an explanation is made of. */
import type { components } from '../../api/types.gen';

export type Schemas = components['schemas'];

export interface Topic {
  /** What is true of all entries, or the whole explanation where there are none. */
  text: string;
  /** By the value of the API, or by the name of an input: its words on the page, what it means. */
  entries?: Readonly<Record<string, readonly [name: string, text: string]>>;
  /** Where the guide says more: a page of it and a place there, for example `operations.html#jobs`. */
  guide?: string;
}

/** For every value of a list of the API. */
export type Entries<Value extends string> = Record<Value, readonly [name: string, text: string]>;
