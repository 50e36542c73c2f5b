/** The zone of a screen's times, as UTC or by the name of the place. */
import { zoneName } from '../lib/time';
import { useNow } from '../shell/clock';
import { useZone } from '../shell/zone';

export function TimesIn() {
  return <span>Times in {zoneName(useZone(), new Date(useNow()))}</span>;
}
