"""Indicators, owners and TQL keywords of ThreatConnect."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class IndicatorType(StrEnum):
    """The nine supported types, spelled as in the v3 API."""

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
        """Name of the type on the screens of ThreatConnect."""
        return 'Email Address' if self is IndicatorType.EMAIL_ADDRESS else self.value


class HashKind(StrEnum):
    """Kinds of a File's hashes, spelled as in STIX."""

    MD5 = 'MD5'
    SHA1 = 'SHA-1'
    SHA256 = 'SHA-256'


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag; ATT&CK tags have the technique's id, for example `T1566`."""

    name: str
    technique_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of an Indicator."""

    type: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group associated with an Indicator, possibly of another owner."""

    type: str
    name: str
    owner_name: str
    id: int | None = None
    """None if ThreatConnect gave none that can be right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One value in one owner, checked and typed.

    `value` is the canonical value of the type: the address, block, host name, URL text, AS number,
    e-mail address, subject or registry key name. For a File it is the summary, and `hashes` has the
    values.
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
    """False if requested security labels are missing from the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An Organization, Community or Source that the API user can read."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TqlKeyword:
    """A TQL keyword for Indicators."""

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
    """Date in ThreatConnect's format; distinguishes entries of a value that was deleted twice."""
