"""Links to Microsoft's portal that open with a KQL query."""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The Defender portal, where the tables of a connected Sentinel workspace are queried.

    Links to the logs of the Azure portal need the workspace's subscription, resource group and
    name, which the Service does not know.

    Attributes:
        host: the portal's host in the cloud.
        tenant_id: a GUID or a domain.
    """

    host: str
    tenant_id: str

    def query_address(self, kql: str) -> str:
        """Return the address that opens advanced hunting with a query.

        Source: the links that the portal's *Share link* makes: the query in UTF-16, compressed, in
        URL-safe base64.
        """
        packed = gzip.compress(kql.encode('utf-16-le'), mtime=0)
        query = base64.urlsafe_b64encode(packed).decode().rstrip('=')
        # A time range in the query takes precedence over this one.
        members = {'query': query, 'timeRangeId': 'month', 'tid': self.tenant_id}
        return f'https://{self.host}/v2/advanced-hunting?{urlencode(members)}'
