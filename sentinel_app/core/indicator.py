"""What ThreatConnect says: Indicators, owners, and words of TQL."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class IndicatorType(StrEnum):
    """The nine supported types, spelled as the v3 API spells them."""

    ADDRESS = 'Address'
    ASN = 'ASN'
    CIDR = 'CIDR'
    EMAIL_ADDRESS = 'EmailAddress'
    EMAIL_SUBJECT = 'Email Subject'
    FILE = 'File'
    HOST = 'Host'
    REGISTRY_KEY = 'Registry Key'
    URL = 'URL'

    @property
    def label(self) -> str:
        """What people call the type, as the screens of ThreatConnect do."""
        return 'Email Address' if self is IndicatorType.EMAIL_ADDRESS else self.value


class HashKind(StrEnum):
    """Hashes of a File, spelled as STIX spells them."""

    MD5 = 'MD5'
    SHA1 = 'SHA-1'
    SHA256 = 'SHA-256'


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag; ATT&CK tags carry the technique's id, for example `T1566`."""

    name: str
    technique_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of an Indicator."""

    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group associated with an Indicator, perhaps of another owner."""

    type: str
    name: str
    owner_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One value in one owner, as the v3 API gives it, checked and typed.

    `value` is the canonical value of the type: the address, block, host name, URL text, AS number,
    e-mail address, subject or registry key name; for a File it is the summary, and `hashes` holds
    what counts.
    """

    id: int
    type: IndicatorType
    value: str
    summary: str
    owner_name: str
    added_at: dt.datetime
    modified_at: dt.datetime
    is_active: bool = True
    hashes: tuple[tuple[HashKind, str], ...] = ()
    registry_value_name: str | None = None
    registry_value_type: str | None = None
    rating: float | None = None
    confidence: int | None = None
    threat_assess_score: int | None = None
    web_link: str | None = None
    expires_at: dt.datetime | None = None
    tags: tuple[Tag, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    groups: tuple[Group, ...] = ()
    security_labels: tuple[str, ...] = ()
    are_labels_known: bool = True
    """False where not all security labels arrived that were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An Organization, Community or Source that the API user can read."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TqlKeyword:
    """A word that TQL knows for Indicators."""

    name: str
    type: str
    description: str = ''


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedIndicator:
    """An entry of ThreatConnect's list of deleted Indicators; it has no id."""

    type: str
    summary: str
    owner_name: str
    date: str = ''
    """In ThreatConnect's own words; tells entries of one value apart that was deleted twice."""
