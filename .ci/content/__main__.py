"""The command behind `make content`: write the ARM template anew."""

from __future__ import annotations

from content.source import ROOT
from content.template import TEMPLATE, text

if __name__ == '__main__':
    (ROOT / TEMPLATE).write_text(text(), encoding='utf-8')
