/** Context objects, for tests, with sensible defaults. */
import type {
  Actor,
  ActorGroup,
  ActorPage,
  Context,
  RefusedContextObject,
  RelatedIndicator,
} from '../api/model';

export function makeContext(
  changes: Partial<Omit<Context, 'live'>> & { live?: readonly [number, number, number] } = {},
): Context {
  const { live: [identities, actors, relationships] = [0, 0, 0], ...others } = changes;
  return {
    choice: 'Owner identities and threat actors',
    actor_types: ['Adversary', 'Intrusion Set', 'Threat'],
    count_waiting: 0,
    count_due: 0,
    count_refused: 0,
    count_unwanted: 0,
    count_held_back: 0,
    seconds_left: 0,
    requests_per_minute: 80,
    date_ended: null,
    error: null,
    pause: null,
    ...others,
    live: [
      { kind: 'identity', count: identities },
      { kind: 'actor', count: actors },
      { kind: 'relationship', count: relationships },
    ],
  };
}

export function makeGroup(changes: Partial<ActorGroup> = {}): ActorGroup {
  return {
    id: '10',
    type: 'Adversary',
    name: 'Quiet Bear',
    owner: 'Acme',
    web_link: 'https://tc.example.test/groups/10',
    ...changes,
  };
}

export function makeActor(changes: Partial<Actor> = {}): Actor {
  return {
    id: '3',
    stix_id: 'threat-actor--1',
    name: 'Quiet Bear',
    state: 'live',
    groups: [makeGroup()],
    aliases: [],
    count_objects: 12,
    tlp: null,
    refusal: null,
    ...changes,
  };
}

export function makePage<Row>(data: Row[]) {
  return { count: data.length, data, next: null, previous: null, total_count: data.length };
}

export function makeActorPage(data: Actor[]): ActorPage {
  return makePage(data);
}

export function makeRelated(changes: Partial<RelatedIndicator> = {}): RelatedIndicator {
  return {
    id: '42',
    type: 'Host',
    summary: 'bad.example',
    value: 'bad.example',
    hash_kind: null,
    owner: 'Acme',
    web_link: 'https://tc.example.test/42',
    state: 'live',
    ...changes,
  };
}

export function makeRefused(changes: Partial<RefusedContextObject> = {}): RefusedContextObject {
  return {
    id: '7',
    kind: 'relationship',
    stix_id: 'relationship--1',
    name: 'Quiet Bear',
    summary: 'bad.example',
    is_live: false,
    refusal: {
      code: 'AZ-ITEM',
      reason: 'The target is unknown.',
      date_refused: '2026-03-09T16:00:00Z',
      attempts: 2,
    },
    ...changes,
  };
}
