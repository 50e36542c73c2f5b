"""Values for property tests: any Indicator, any row, any JSON."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from sentinel_app.core.actor_group import ActorProfile
from sentinel_app.core.context_choice import ActorGroupType
from sentinel_app.core.indicator import Attribute, Group, HashKind, Indicator, IndicatorType, Tag
from tests.harness.builders.actor import make_group
from tests.harness.builders.indicator import make_indicator, make_row

law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Decorator for property tests: no time limit for one example, since machines are shared."""

texts = st.text(min_size=1, max_size=40)
long_texts = st.one_of(
    texts,
    st.builds(
        lambda text, times: text * times,
        st.sampled_from(['a', '"', '\\', '\n', '\x01', 'é', '😀', 'long value ', '\u2028']),
        st.integers(min_value=1, max_value=1500),
    ),
)
times = st.datetimes(
    min_value=dt.datetime(1970, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=dt.datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)
tags = st.builds(
    Tag,
    name=texts,
    technique_id=st.none() | st.from_regex(r'T\d{4}(\.\d{3})?', fullmatch=True),
)
attributes = st.builds(
    Attribute,
    type=st.sampled_from(['First Seen', 'Last Seen', 'Phase of Intrusion', 'Source']) | texts,
    value=long_texts,
)
groups = st.builds(Group, type=texts, name=long_texts, owner_name=texts)

_hex = '0123456789ABCDEF'
_hashes = st.lists(
    st.sampled_from([(HashKind.MD5, 32), (HashKind.SHA1, 40), (HashKind.SHA256, 64)]),
    min_size=1,
    unique=True,
).flatmap(
    lambda kinds: st.tuples(
        *(
            st.tuples(st.just(kind), st.text(_hex, min_size=size, max_size=size))
            for kind, size in kinds
        )
    )
)
_values: dict[IndicatorType, st.SearchStrategy[dict[str, Any]]] = {
    IndicatorType.ADDRESS: st.builds(dict, value=st.ip_addresses().map(str)),
    IndicatorType.CIDR: st.builds(
        lambda address, prefix: {'value': f'{address}/{prefix}'},
        st.ip_addresses(),
        st.integers(min_value=0, max_value=32),
    ),
    IndicatorType.FILE: st.builds(dict, hashes=_hashes),
    IndicatorType.REGISTRY_KEY: st.builds(
        dict,
        value=texts,
        registry_value_name=st.none() | texts,
        registry_value_type=st.none() | st.sampled_from(['REG_SZ', 'REG_DWORD']),
    ),
}


@st.composite
def indicators(draw: st.DrawFn) -> Indicator:
    """Any Indicator that parsing could give, and some that it could not."""
    kind = draw(st.sampled_from(list(IndicatorType)))
    fields = draw(_values.get(kind, st.builds(dict, value=texts)))
    return make_indicator(
        kind,
        **fields,
        summary=draw(long_texts),
        owner_name=draw(texts),
        added_at=draw(times),
        modified_at=draw(times),
        rating=draw(st.none() | st.floats(min_value=0, max_value=5)),
        confidence=draw(st.none() | st.integers(min_value=0, max_value=100)),
        threat_assess_score=draw(st.none() | st.integers(min_value=0, max_value=1000)),
        web_link=draw(st.none() | long_texts),
        tags=draw(st.lists(tags, max_size=4).map(tuple)),
        attributes=draw(st.lists(attributes, max_size=12).map(tuple)),
        groups=draw(st.lists(groups, max_size=5).map(tuple)),
        security_labels=draw(
            st.lists(
                st.sampled_from(['TLP:RED', 'TLP:GREEN', 'tlp-x', 'Internal']), max_size=2
            ).map(tuple)
        ),
        are_labels_known=draw(st.booleans()),
    )


names = st.one_of(
    long_texts,
    st.sampled_from(
        [
            'Example Bear',
            'EXAMPLE  bear',
            '\u202eraeB elpmaxE\u202c',
            'דב דגם',
            '🐻\u200d❄️ Bear',
            '\uff25\uff38\uff21\uff2d\uff30\uff2c\uff25\u3000\uff22\uff25\uff21\uff32',
            'n' * 500,
            'a\x01b\x1fc',
            '\r\n\t',
            '\u200b\u2060',
            '\ufffd\x00',
            'mitre|G0021',
            'G0021',
        ]
    ),
)
"""Names of actors: odd ones, and some that stand for the same."""
_links = st.none() | st.sampled_from(
    [
        'https://tc.example.test/#/details/groups/1/overview',
        'HTTP://tc.example.test:8443/groups?id=1&x=%20',
        'https://[2001:db8::1]/g',
        'ftp://tc.example.test/g',
        'https://user:password@tc.example.test/g',
        'javascript:alert(1)',
        'https://tc.example.test/a b',
        'https://tc.example.test/%zz',
        'https://bücher.example/',
        'https://tc.example.test/' + 'x' * 5000,
        '',
    ]
)
_profiles = st.builds(
    ActorProfile,
    name=st.none() | names,
    description=st.none() | long_texts,
    mitre_id=st.none() | st.sampled_from(['G0021', ' g0021 ', 'G1', 'T1566', 'G00210', '']),
    mitre_link=_links,
    aliases=st.lists(names, max_size=6).map(tuple),
)
actor_groups = st.builds(
    make_group,
    st.integers(min_value=0, max_value=2**63 - 1),
    type=st.sampled_from(ActorGroupType),
    name=names,
    owner_name=st.sampled_from(['Example Org', 'Other Source']) | texts,
    added_at=times,
    modified_at=times,
    web_link=_links,
    description=st.none() | long_texts,
    aliases=st.lists(names, max_size=6).map(tuple),
    tags=st.lists(tags, max_size=4).map(tuple),
    security_labels=st.lists(
        st.sampled_from(['TLP:RED', 'TLP:GREEN', 'tlp-x', 'Internal']), max_size=2
    ).map(tuple),
    first_seen=st.none() | times,
    last_seen=st.none() | times,
    profile=st.none() | _profiles,
)
"""Any Group that is a threat actor, and some that are none for want of a name."""

any_text = st.text(st.characters(exclude_categories=()), max_size=20)
"""Text as JSON may bring it: lone surrogates and control characters included."""
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def odd_rows(draw: st.DrawFn) -> dict[str, Any]:
    """A row of the v3 API with some of its members replaced by anything."""
    row = make_row(draw(st.sampled_from(list(IndicatorType))))
    collection = st.builds(
        lambda elements: {'data': elements},
        st.lists(
            st.dictionaries(
                st.sampled_from(['type', 'name', 'value', 'ownerName', 'techniqueId']),
                json_values,
            ),
            max_size=3,
        ),
    )
    names = [*row, 'externalDateExpires', draw(any_text)]
    for name in draw(st.lists(st.sampled_from(names), max_size=4)):
        row[name] = draw(json_values | collection)
    return row
