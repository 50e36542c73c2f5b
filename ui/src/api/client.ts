/** The only caller of the network. Addresses are relative to the page, whatever its prefix is. */
import type { FieldMessage } from './model';

const TIMEOUT_MS = 60_000;

/** A call that did not give its answer, with a reason that can be shown to people. */
export class ApiError extends Error {
  readonly title: string;
  readonly description: string;
  readonly code: string;
  /** The HTTP status; 0 when there was no answer at all. */
  readonly status: number;
  readonly fields: readonly FieldMessage[];

  constructor(facts: {
    title: string;
    description: string;
    code: string;
    status: number;
    fields?: readonly FieldMessage[];
  }) {
    super(`${facts.title}: ${facts.description}`);
    this.name = 'ApiError';
    this.title = facts.title;
    this.description = facts.description;
    this.code = facts.code;
    this.status = facts.status;
    this.fields = facts.fields ?? [];
  }

  /** Whether the same call may succeed a moment later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

export type QueryValue = string | number | readonly string[] | null | undefined;

/** Free text never goes into an address: the platform's runners do not escape it. */
const allowed = /^[A-Za-z0-9_.:~,-]*$/;

function besidePage(path: string): URL {
  return new URL(path, document.baseURI.replace(/[?#].*$/, ''));
}

function addressOf(path: string, query: Record<string, QueryValue>): URL {
  const address = besidePage(`api/${path}`);
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? (value as string[]) : [value]) {
      if (item === null || item === undefined || item === '') continue;
      const text = String(item);
      if (!allowed.test(text)) throw new Error(`Not allowed in an address: ${name}`);
      address.searchParams.append(name, text);
    }
  }
  return address;
}

export function get<Reply>(
  path: string,
  query: Record<string, QueryValue> = {},
  signal?: AbortSignal,
): Promise<Reply> {
  return call<Reply>('GET', addressOf(path, query), undefined, signal);
}

/** A JSON file that is packaged beside the page. */
export function getPackaged<Content>(path: string): Promise<Content> {
  return call<Content>('GET', besidePage(path), undefined);
}

export function post<Reply>(
  path: string,
  body: unknown,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Reply> {
  return call<Reply>('POST', addressOf(path, {}), body, options.signal, options.timeoutMs);
}

export function put<Reply>(path: string, body: unknown): Promise<Reply> {
  return call<Reply>('PUT', addressOf(path, {}), body);
}

async function call<Reply>(
  method: string,
  address: URL,
  body: unknown,
  signal?: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): Promise<Reply> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let reply: Response;
  let text: string;
  try {
    reply = await fetch(address, {
      method,
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    text = await reply.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw noAnswer(timeout.aborted ? timeoutMs : null);
  }
  const content = parse(text);
  if (!reply.ok) throw refusal(reply.status, content);
  if (content === undefined) throw unreadable(reply.status);
  return content as Reply;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Without an answer, in time or at all. */
function noAnswer(lateMs: number | null): ApiError {
  if (lateMs !== null) {
    return new ApiError({
      title: 'The Service does not answer',
      description: `There was no answer within ${lateMs / 1000} seconds.`,
      code: 'PAGE-TIMEOUT',
      status: 0,
    });
  }
  return new ApiError({
    title: 'No connection to the Service',
    description: navigator.onLine
      ? 'ThreatConnect cannot be reached from here, or the Service is being restarted.'
      : 'This computer is offline.',
    code: 'PAGE-OFFLINE',
    status: 0,
  });
}

/** An answer that did not come from the App, such as a sign-in page of the platform. */
function unreadable(status: number): ApiError {
  const isSession = status === 200 || status === 401 || status === 403;
  return new ApiError({
    title: isSession ? 'Your ThreatConnect session may have ended' : 'The Service is not running',
    description: isSession
      ? 'The answer did not come from this App. Sign in to ThreatConnect and load this page again.'
      : `ThreatConnect answered with status ${status} in place of the App. See the Services screen.`,
    code: `PAGE-${status}`,
    status,
  });
}

function refusal(status: number, content: unknown): ApiError {
  if (typeof content !== 'object' || content === null || !('title' in content)) {
    return unreadable(status);
  }
  const { title, description, code, errors } = content as Record<string, unknown>;
  return new ApiError({
    title: String(title),
    description: typeof description === 'string' ? description : '',
    code: typeof code === 'string' ? code : `HTTP-${status}`,
    status,
    fields: Array.isArray(errors) ? (errors as FieldMessage[]) : [],
  });
}
