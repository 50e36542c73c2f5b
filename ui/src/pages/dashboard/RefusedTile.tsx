/** How much Sentinel refuses at present, whichever update it was. */
import type { MetricSummary } from '../../api/model';
import { formatCount } from '../../lib/number';
import { formatHash } from '../../lib/route';
import { Tile } from './Tiles';
import classes from './Tiles.module.css';

export function RefusedTile({ summary: { refused_now: count } }: { summary: MetricSummary }) {
  if (count === 0) {
    return (
      <Tile name="Refused now" value="None">
        No open refusals
      </Tile>
    );
  }
  return (
    <Tile
      name="Refused now"
      value={
        <a className={classes.flag} href={formatHash('reports/errors', { state: 'open' })}>
          {formatCount(count)}
        </a>
      }
    >
      {count === 1 ? 'Indicator' : 'Indicators'} refused by Sentinel. ERRORS says why, and what is
      tried again.
    </Tile>
  );
}
