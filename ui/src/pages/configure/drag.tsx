/** Dragging rows to another place, by pointer and by keyboard, told to screen readers. */
import {
  closestCenter,
  DndContext,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
  type Announcements,
  type Modifier,
  type UniqueIdentifier,
} from '@dnd-kit/core';
import {
  SortableContext,
  sortableKeyboardCoordinates,
  useSortable,
  verticalListSortingStrategy,
} from '@dnd-kit/sortable';
import { CSS } from '@dnd-kit/utilities';
import { ActionIcon, Table, Tooltip } from '@mantine/core';
import { useReducedMotion } from '@mantine/hooks';
import { createContext, useContext, useMemo, type ReactNode } from 'react';

import type { RowGroupProps } from '../../components/DataTable';
import { Icon } from '../../components/Icon';
import classes from './drag.module.css';

export interface DragItem {
  key: string;
  /** What it is called aloud. */
  name: string;
}

interface DragAreaProps {
  items: readonly DragItem[];
  /** The row with the first key takes the place of the other. */
  onMove: (key: string, placeOf: string) => void;
  children: ReactNode;
}

/** A click is no drag. */
const LEAST_PX = 4;
const SLIDE_MS = 160;

const alongTheList: Modifier = ({ transform }) => ({ ...transform, x: 0 });

export function DragArea({ items, onMove, children }: DragAreaProps) {
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: LEAST_PX } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const keys = useMemo(() => items.map(({ key }) => key), [items]);
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      modifiers={[alongTheList]}
      accessibility={{
        announcements: announcementsOf(items),
        screenReaderInstructions: {
          draggable:
            'Press Space to pick the query up, the up and down arrow keys to move it, Space to drop it, and Escape to put it back.',
        },
      }}
      onDragEnd={({ active, over }) => {
        if (over !== null && over.id !== active.id) onMove(String(active.id), String(over.id));
      }}
    >
      <SortableContext items={keys} strategy={verticalListSortingStrategy}>
        {children}
      </SortableContext>
    </DndContext>
  );
}

function announcementsOf(items: readonly DragItem[]): Announcements {
  const nameOf = (id: UniqueIdentifier) => items.find(({ key }) => key === id)?.name ?? 'The query';
  const placeOf = (id: UniqueIdentifier) =>
    `place ${items.findIndex(({ key }) => key === id) + 1} of ${items.length}`;
  return {
    onDragStart: ({ active }) => `Picked up ${nameOf(active.id)}.`,
    onDragOver: ({ active, over }) =>
      over === null ? undefined : `${nameOf(active.id)} is over ${placeOf(over.id)}.`,
    onDragEnd: ({ active, over }) =>
      over === null
        ? `${nameOf(active.id)} is where it was.`
        : `${nameOf(active.id)} was moved to ${placeOf(over.id)}.`,
    onDragCancel: ({ active }) => `${nameOf(active.id)} was put back.`,
  };
}

type Sortable = ReturnType<typeof useSortable>;

const GroupContext = createContext<Sortable | null>(null);

/** A row with the line below it: a body of the table of its own, so that they move together. */
export function DragGroup({ rowKey, children }: RowGroupProps) {
  const isStill = useReducedMotion();
  const sortable = useSortable({
    id: rowKey,
    transition: isStill ? null : { duration: SLIDE_MS, easing: 'ease-out' },
  });
  const { setNodeRef, transform, transition, isDragging } = sortable;
  return (
    <GroupContext.Provider value={sortable}>
      <Table.Tbody
        ref={setNodeRef}
        className={classes.group}
        data-dragged={isDragging || undefined}
        style={{
          // Rows are of different heights, and are not stretched to that of their neighbor.
          transform: CSS.Translate.toString(transform),
          transition,
        }}
      >
        {children}
      </Table.Tbody>
    </GroupContext.Provider>
  );
}

export function DragHandle({ name }: { name: string }) {
  const sortable = useContext(GroupContext);
  if (sortable === null) return null;
  const { setActivatorNodeRef, attributes, listeners } = sortable;
  return (
    <Tooltip label="Drag to another place" disabled={sortable.isDragging}>
      <ActionIcon
        ref={setActivatorNodeRef}
        variant="subtle"
        className={classes.handle}
        aria-label={`Drag ${name}`}
        aria-describedby={attributes['aria-describedby']}
        {...listeners}
      >
        <Icon name="grip" />
      </ActionIcon>
    </Tooltip>
  );
}
