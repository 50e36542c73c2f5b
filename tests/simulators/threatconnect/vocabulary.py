"""Which TQL keywords exist for each kind of object, and of which kind they are."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a keyword may be compared with; the text is the platform's name for it."""

    INTEGER = 'Integer'
    DOUBLE = 'Double'
    BOOLEAN = 'Boolean'
    STRING = 'String'
    CIDR = 'StringCIDR'
    DATE = 'DateTime'
    SUB_QUERY = 'Undefined'


def _table(
    *,
    integer: str = '',
    double: str = '',
    boolean: str = '',
    string: str = '',
    cidr: str = '',
    date: str = '',
    sub_query: str = '',
) -> dict[str, tuple[str, Kind]]:
    """Key each keyword by its lower-case form: TQL keywords know no case."""
    lists = (
        (Kind.INTEGER, integer),
        (Kind.DOUBLE, double),
        (Kind.BOOLEAN, boolean),
        (Kind.STRING, string),
        (Kind.CIDR, cidr),
        (Kind.DATE, date),
        (Kind.SUB_QUERY, sub_query),
    )
    return {name.lower(): (name, kind) for kind, names in lists for name in names.split()}


KEYWORDS: dict[str, dict[str, tuple[str, Kind]]] = {
    'indicator': _table(
        integer='abuseIpdbConfidenceScore addressAsn addressIpVal associatedGroup calScore '
        'commonId confidence dtMalwareScore dtOverallScore dtPhishingScore dtSpamScore '
        'falsePositiveCount fileSize hasCustomAssociation id observationCount owner '
        'riskIqReputationScore sameNameAs tagOwner threatAssessScore type vtMaliciousCount',
        double='rating',
        boolean='activeLocked addressIsIpv6 dtStatus hostDnsActive hostWhoisActive indicatorActive',
        string='addressCity addressCountryCode addressCountryName addressRegisteringOrg '
        'addressState addressTimezone associatedGroupSource associatedIndicatorSource attackTag '
        'description ownerName riskIqClassification securityLabel source summary tag '
        'tagOwnerName typeName value1 value2 value3',
        cidr='addressCidr',
        date='dateAdded dtLastUpdated externalDateAdded externalDateExpires externalLastModified '
        'firstSeen lastFalsePositive lastModified lastObserved lastSeen threatAssessLastUpdated '
        'vtLastUpdated',
        sub_query='hasAllTags hasArtifact hasAttribute hasCase hasGroup hasIndicator '
        'hasIntelRequirement hasSecurityLabel hasTag hasVictim hasVictimAsset',
    ),
    'tag': _table(
        integer='associatedCase associatedGroup associatedIndicator associatedVictim caseId '
        'financialRiskScore financialRiskValue id owner',
        string='description financialRisk name ownerName securityCoverage summary techniqueId',
        date='lastUsed',
        sub_query='hasCase hasGroup hasIndicator hasVictim',
    ),
    'attribute': _table(
        integer='id indicatorId intVal maxSize owner type',
        boolean='associable default displayed pinned',
        string='ownerName shortText source text typeName user',
        date='dateAdded dateVal lastModified',
        sub_query='hasIndicator hasSecurityLabel',
    ),
    'label': _table(
        integer='hasGroupAttribute hasVictimAttribute id owner victimId',
        string='color description name ownerName summary',
        date='dateAdded',
        sub_query='hasGroup hasIndicator hasVictim',
    ),
    'group': _table(
        integer='associatedIndicator childGroup documentFilesize downvoteCount emailScore '
        'hasIntelQuery id owner parentGroup tagOwner type upvoteCount',
        boolean='generatedReport isGroup taskEscalated taskOverdue taskReminded',
        string='aiProvider attackTag createdBy documentFilename documentStatus documentType '
        'emailFrom emailSubject eventType insights ownerName securityLabel signatureFilename '
        'signatureType status summary tag tagOwnerName taskAssignee taskAssigneePseudo taskStatus '
        'typeName victimAsset',
        date='dateAdded documentDateAdded emailDate eventDate externalDateAdded '
        'externalDateExpires firstSeen lastModified lastSeen publishDate signatureDateAdded '
        'taskDateAdded taskDueDate taskEscalationDate taskReminderDate',
        sub_query='hasAllTags hasArtifact hasAttribute hasCase hasCommonGroup hasGroup '
        'hasIndicator hasIntelRequirement hasSecurityLabel hasTag hasThreatActorProfile hasVictim '
        'hasVictimAsset',
    ),
    'threat actor profile': _table(string='mitre_id name summary', boolean='deprecated'),
    'case': _table(
        integer='calScore createdById hasWorkflowTemplate id missingArtifactCount owner targetId '
        'threatAssessScore timeToDetect timeToRespond',
        boolean='detectionOverdue responseOverdue',
        string='assignedToUserOrGroup assigneeName attackTag caseCloseUser caseDetectionUser '
        'caseOccurrenceUser caseOpenUser createdBy description idAsString name ownerName '
        'resolution severity status tag targetType typeName xid',
        date='caseCloseDate caseCloseTime caseDetectionTime caseOccurrenceTime caseOpenDate '
        'caseOpenTime dateAdded detectionDue lastUpdated responseDue',
        sub_query='hasAllTags hasArtifact hasCase hasGroup hasIndicator hasTag',
    ),
    'artifact': _table(
        integer='analyticsScore caseId id noteId taskId',
        boolean='indicatorActive',
        string='source summary type typeName',
        date='dateAdded',
        sub_query='hasCase hasGroup hasIndicator',
    ),
    'victim': _table(
        integer='assetType id owner tagOwner',
        string='assetName assetTypename attackTag description name nationality organization '
        'ownerName securityLabel subOrg summary tag tagOwnerName workLocation',
        sub_query='hasAllTags hasAttribute hasGroup hasIndicator hasSecurityLabel hasTag '
        'hasVictim hasVictimAsset',
    ),
    'victim asset': _table(
        integer='associatedGroup id owner type victimId',
        string='asset ownerName summary typeName victimName',
        sub_query='hasGroup hasIndicator hasVictim hasVictimAsset',
    ),
    'intel requirement': _table(
        integer='id idBucket idParent owner',
        string='category ownerName requirement subtype tag uniqueId',
        date='dateAdded lastModified',
        sub_query='hasArtifact hasCase hasGroup hasIndicator hasTag hasVictim hasVictimAsset',
    ),
    'owner': _table(
        integer='id ownerId userId',
        string='ownerName permApps permArtifact permAttribute permAttributeType permCaseTag '
        'permComment permCopyData permGroup permIndicator permInvite permMembers permPlaybooks '
        'permPost permPublish permSecurityLabel permSettings permTag permTask permTimeline '
        'permTrack permUsers permVictim',
    ),
}
"""Source: the filters of the v3 API (TcEx 5.0.0); `rating` takes decimals, as the field does.

`hasCommonGroup` and `hasThreatActorProfile` are nested queries by the documentation of the API."""

COLLECTIONS: dict[str, tuple[str, str]] = {
    'hasalltags': ('tag', 'tags'),
    'hasartifact': ('artifact', 'associatedArtifacts'),
    'hasattribute': ('attribute', 'attributes'),
    'hascase': ('case', 'associatedCases'),
    'hascommongroup': ('group', 'linkedGroups'),
    'hasgroup': ('group', 'associatedGroups'),
    'hasindicator': ('indicator', 'associatedIndicators'),
    'hasintelrequirement': ('intel requirement', 'associatedIntelRequirements'),
    'hassecuritylabel': ('label', 'securityLabels'),
    'hastag': ('tag', 'tags'),
    'hasthreatactorprofile': ('threat actor profile', 'commonGroup'),
    'hasvictim': ('victim', 'associatedVictims'),
    'hasvictimasset': ('victim asset', 'associatedVictimAssets'),
}
"""Sub-query keyword (lower case) to the kind of object in it and the collection that holds them."""

TYPE_IDS = {
    'Address': 1,
    'EmailAddress': 2,
    'File': 3,
    'Host': 4,
    'URL': 5,
    'ASN': 6,
    'CIDR': 7,
    'Email Subject': 8,
    'Hashtag': 9,
    'Mutex': 10,
    'Registry Key': 11,
    'User Agent': 12,
}
"""Numbers behind the keyword `type`; custom types differ from one instance to the next."""


def describe(kind_of_object: str, without: frozenset[str] = frozenset()) -> list[dict[str, str]]:
    """List the keywords of one kind of object as `OPTIONS .../tql` does, some left out."""
    return [
        {'keyword': name, 'name': _spaced(name), 'type': str(kind)}
        for name, kind in sorted(KEYWORDS[kind_of_object].values(), key=lambda entry: entry[0])
        if name.lower() not in without
    ]


def _spaced(name: str) -> str:
    words = ''.join(f' {letter}' if letter.isupper() else letter for letter in name)
    return words[:1].upper() + words[1:]
