"""How a picture of the page looks from afar: what moves or changes its color, and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import cast

from PIL import Image
from playwright.sync_api import Page

COLUMNS = 64
"""How many blocks of a row are compared."""
BLOCK_TOLERANCE = 24
"""Of 255: by how much the mean color of a block may differ in a channel."""
AREA = 0.003
"""Share of a picture from which on a color is that of an area, not of letters."""
COLOR_TOLERANCE = 3
"""Of 255: by how much two colors may differ in a channel and still be one."""
_LETTERS = """() => {
  const context = new OffscreenCanvas(1, 1).getContext('2d');
  return [getComputedStyle(document.body).fontFamily, 'monospace'].map((family) => {
    context.font = `100px ${family}`;
    return Math.round(context.measureText('Microsoft Sentinel 0123456789').width);
  });
}"""

Color = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a picture looks from afar.

    Args:
        width: of the picture, in pixels.
        blocks: the mean color of each block, row by row.
        colors: how many pixels have each color.
    """

    width: int
    blocks: list[Color]
    colors: dict[Color, int]


def look_of(png: bytes) -> Look:
    """Return how a picture looks."""
    with Image.open(BytesIO(png)) as opened:
        image = opened.convert('RGB')
    rows = round(image.height * COLUMNS / image.width)
    small = image.resize((COLUMNS, rows), Image.Resampling.BOX)
    counted = image.getcolors(image.width * image.height) or []
    return Look(
        width=image.width,
        blocks=cast('list[Color]', list(small.get_flattened_data())),
        colors={cast('Color', color): count for count, color in counted},
    )


def difference(one: Look, other: Look, free: Iterable[Mapping[str, float]] = ()) -> float:
    """Return the share of a picture in which another has other blocks.

    To their mean colors, other digits, another smoothing of letters and a shift by a pixel make
    little difference.

    Args:
        one: a picture.
        other: another.
        free: rectangles that may look otherwise: x, y, width and height.
    """
    if len(one.blocks) != len(other.blocks):
        return 1.0
    size = one.width / COLUMNS
    differing = 0
    for number, (here, there) in enumerate(zip(one.blocks, other.blocks, strict=True)):
        x, y = number % COLUMNS * size, number // COLUMNS * size
        is_free = any(
            box['x'] - size < x < box['x'] + box['width']
            and box['y'] - size < y < box['y'] + box['height']
            for box in free
        )
        differing += _distance(here, there) > BLOCK_TOLERANCE and not is_free
    return differing / len(one.blocks)


def strange_colors(one: Look, other: Look) -> list[Color]:
    """Return the colors that fill areas of one picture, and are nowhere in the other."""
    return [
        color
        for here, there in ((one, other), (other, one))
        for color, count in here.colors.items()
        if count > AREA * sum(here.colors.values())
        and all(_distance(color, known) > COLOR_TOLERANCE for known in there.colors)
    ]


def letters_of(page: Page) -> list[int]:
    """Return how wide the browser's letters are: pictures with others cannot be compared."""
    widths: list[int] = page.evaluate(_LETTERS)
    return widths


def packed(png: bytes) -> bytes:
    """Return the picture with 256 colors, a third as large."""
    written = BytesIO()
    with Image.open(BytesIO(png)) as image:
        # This method alone leaves the colors of all areas as they are.
        method = Image.Quantize.MEDIANCUT
        few = image.convert('RGB').quantize(256, method, dither=Image.Dither.NONE)
    few.save(written, 'PNG', optimize=True)
    return written.getvalue()


def _distance(one: Color, other: Color) -> int:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
