/** Stacked columns over time, with an axis, and the figures of one column at a time for mouse and keyboard. */
import { useElementSize } from '@mantine/hooks';
import { useId, useState, type KeyboardEvent, type PointerEvent } from 'react';

import { formatCount } from '../lib/number';
import { formatShort, stackOf, ticksOf } from '../lib/scale';
import classes from './ColumnChart.module.css';
import { PlainList } from './PlainList';

export interface Series {
  name: string;
  /** Picks color and pattern in the style sheet. */
  look: 'main' | 'refused';
}

export interface ChartColumn {
  key: number;
  /** The column in words. */
  label: string;
  /** What stands under it; most have nothing. */
  tick: string | null;
  /** One for each series, from the ground up. */
  values: readonly number[];
  /** A further line of what is told about it. */
  note?: string;
}

interface ColumnChartProps {
  label: string;
  series: readonly Series[];
  columns: readonly ChartColumn[];
}

const HEIGHT = 210;
const EDGE = { left: 46, right: 10, top: 10, bottom: 24 };
const PLOT_HEIGHT = HEIGHT - EDGE.top - EDGE.bottom;
/** Room that a label below a column takes. */
const TICK_WIDTH = 50;
/** Before the width is known. */
const FIRST_WIDTH = 720;

function wordsOf(column: ChartColumn, series: readonly Series[]): string {
  const values = series.map(
    ({ name }, index) => `${formatCount(column.values[index] ?? 0)} ${name.toLowerCase()}`,
  );
  return [`${column.label}: ${values.join(', ')}`, column.note].filter(Boolean).join('. ');
}

export function ColumnChart({ label, series, columns }: ColumnChartProps) {
  const { ref, width: measured } = useElementSize();
  const [active, setActive] = useState<number | null>(null);
  const width = measured === 0 ? FIRST_WIDTH : measured;
  const last = columns.length - 1;
  const shown = active === null ? null : Math.min(active, last);
  const current = columns[shown ?? last];
  const step = (width - EDGE.left - EDGE.right) / Math.max(1, columns.length);

  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - EDGE.left;
    const index = Math.floor(x / step);
    setActive(index >= 0 && index <= last ? index : null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const from = shown ?? last;
    const to: Record<string, number | null> = {
      ArrowLeft: Math.max(0, from - 1),
      ArrowRight: Math.min(last, from + 1),
      Home: 0,
      End: last,
      Escape: null,
    };
    if (!(event.key in to)) return;
    event.preventDefault();
    setActive(to[event.key] ?? null);
  };

  return (
    <div
      ref={ref}
      className={classes.chart}
      role="slider"
      tabIndex={0}
      aria-label={`${label}. The arrow keys go from column to column.`}
      aria-valuemin={1}
      aria-valuemax={columns.length}
      aria-valuenow={(shown ?? last) + 1}
      aria-valuetext={current === undefined ? '' : wordsOf(current, series)}
      onKeyDown={onKeyDown}
      onFocus={() => setActive((known) => known ?? last)}
      onBlur={() => setActive(null)}
      onPointerMove={onPointerMove}
      onPointerLeave={() => setActive(null)}
    >
      <Drawing series={series} columns={columns} width={width} step={step} active={shown} />
      {shown !== null && current !== undefined && (
        <ChartTip
          column={current}
          series={series}
          center={EDGE.left + (shown + 0.5) * step}
          width={width}
        />
      )}
    </div>
  );
}

interface DrawingProps {
  series: readonly Series[];
  columns: readonly ChartColumn[];
  width: number;
  step: number;
  active: number | null;
}

function Drawing({ series, columns, width, step, active }: DrawingProps) {
  const hatch = useId();
  const ticks = ticksOf(
    Math.max(0, ...columns.map(({ values }) => values.reduce((sum, each) => sum + each, 0))),
  );
  const top = ticks.at(-1) ?? 1;
  const labeled = labeledColumns(columns, step);
  const yOf = (value: number) => EDGE.top + PLOT_HEIGHT * (1 - value / top);
  return (
    <svg width={width} height={HEIGHT} aria-hidden="true" focusable="false">
      <defs>
        <pattern
          id={hatch}
          width="5"
          height="5"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect className={classes.series} data-look="refused" width="5" height="5" />
          <rect className={classes.hatch} width="2" height="5" />
        </pattern>
      </defs>
      {ticks.map((tick) => (
        <g key={tick}>
          <line
            className={classes.grid}
            x1={EDGE.left}
            x2={width - EDGE.right}
            y1={yOf(tick)}
            y2={yOf(tick)}
          />
          <text className={classes.text} x={EDGE.left - 8} y={yOf(tick) + 4} textAnchor="end">
            {formatShort(tick)}
          </text>
        </g>
      ))}
      {columns.map((column, index) => (
        <ColumnShape
          key={column.key}
          column={column}
          series={series}
          x={EDGE.left + index * step}
          step={step}
          top={top}
          hatch={hatch}
          isActive={index === active}
          hasTick={labeled.has(index)}
          isAtEdge={EDGE.left + index * step + TICK_WIDTH > width}
        />
      ))}
    </svg>
  );
}

/** The columns whose labels stand below, so few that none covers another. */
function labeledColumns(columns: readonly ChartColumn[], step: number): Set<number> {
  const places = columns.flatMap((column, index) => (column.tick === null ? [] : [index]));
  const [first = 0, second = columns.length] = places;
  const every = Math.max(1, Math.ceil(TICK_WIDTH / Math.max(1, (second - first) * step)));
  return new Set(places.filter((_, rank) => rank % every === 0));
}

interface ColumnShapeProps {
  column: ChartColumn;
  series: readonly Series[];
  x: number;
  step: number;
  /** The value at the top of the axis. */
  top: number;
  hatch: string;
  isActive: boolean;
  hasTick: boolean;
  /** Its label would be cut off on the right. */
  isAtEdge: boolean;
}

function ColumnShape(props: ColumnShapeProps) {
  const { column, series, x, step, top, hatch, isActive, hasTick, isAtEdge } = props;
  const gap = Math.min(6, step * 0.2);
  const ground = EDGE.top + PLOT_HEIGHT;
  const stack = stackOf(column.values, PLOT_HEIGHT / top);
  return (
    <g>
      {isActive && (
        <rect className={classes.active} x={x} y={EDGE.top} width={step} height={PLOT_HEIGHT} />
      )}
      {series.map(({ name, look }, index) => {
        const { height, end } = stack[index] ?? { height: 0, end: 0 };
        if (height === 0) return null;
        return (
          <rect
            key={name}
            className={classes.series}
            data-look={look}
            x={x + gap / 2}
            y={ground - end}
            width={Math.max(1, step - gap)}
            height={height}
            {...(look === 'refused' ? { style: { fill: `url(#${hatch})` } } : {})}
          />
        );
      })}
      {hasTick && (
        <text
          className={classes.text}
          x={isAtEdge ? x + step : x}
          y={HEIGHT - 6}
          textAnchor={isAtEdge ? 'end' : 'start'}
        >
          {column.tick}
        </text>
      )}
    </g>
  );
}

interface ChartTipProps {
  column: ChartColumn;
  series: readonly Series[];
  center: number;
  width: number;
}

/** The slider's own text says the same to those who cannot see it. */
function ChartTip({ column, series, center, width }: ChartTipProps) {
  const side = center > width / 2 ? { right: width - center + 10 } : { left: center + 10 };
  return (
    <div className={classes.tip} style={side} data-chart-tip aria-hidden="true">
      <div className={classes.heading}>{column.label}</div>
      {series.map(({ name, look }, index) => (
        <div key={name}>
          <Swatch look={look} /> {formatCount(column.values[index] ?? 0)} {name.toLowerCase()}
        </div>
      ))}
      {column.note !== undefined && <div>{column.note}</div>}
    </div>
  );
}

function Swatch({ look }: { look: Series['look'] }) {
  return <span className={classes.swatch} data-look={look} />;
}

/** Which color and pattern stands for what. */
export function Legend({ series }: { series: readonly Series[] }) {
  return (
    <PlainList className={classes.legend}>
      {series.map(({ name, look }) => (
        <li key={name}>
          <Swatch look={look} /> {name}
        </li>
      ))}
    </PlainList>
  );
}
