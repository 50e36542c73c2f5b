/** Names of downloaded files: what is in them, of which Service, and of which day. */
import { utcToField } from './time';

interface Service {
  organization: string | null;
  source_name: string;
}

const MOST_CHARS = 60;

/** As `sentinel-audit_DemoOrg_2026-11-28`; without a Service where it is not known. */
export function downloadName(
  what: string,
  service: Service | null,
  nowMs: number = Date.now(),
): string {
  const day = utcToField(new Date(nowMs).toISOString(), 'local').slice(0, 10);
  const name = service === null ? '' : safeName(service.organization ?? service.source_name);
  return ['sentinel-' + what, name, day].filter((part) => part !== '').join('_');
}

/** Letters and digits of any script stay; no system objects to them in the name of a file. */
function safeName(text: string): string {
  const words = text.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}.]+/gu, '-');
  return Array.from(words)
    .slice(0, MOST_CHARS)
    .join('')
    .replace(/^[-.]+|[-.]+$/g, '');
}
